interface Tool {
  run(command: string, args: readonly string[], options: { limitMs: number }): Promise<string>;
}

// a variable: the compiler has no types of it
const tool = new URL('../../tools/run.mjs', import.meta.url).href;
const { run } = (await import(tool)) as Tool;

describe('run', () => {
  it('kills a command over its time limit together with the processes that it started', async () => {
    // `run` waits until the last process that has the output open is gone: here, for `sleep`
    await expect(run('sh', ['-c', 'sleep 777 & wait'], { limitMs: 100 })).rejects.toThrow('did not end within 100 ms');
  });

  it('resolves to the output of a command that ends within its time limit', async () => {
    expect(await run('echo', ['done'], { limitMs: 60_000 })).toBe('done\n');
  });

  it('rejects with the output of a command that fails within its time limit', async () => {
    await expect(run('sh', ['-c', 'echo no; exit 3'], { limitMs: 60_000 })).rejects.toThrow(/ended with code 3:\nno/);
  });
});
