/** The helpers in projects of users, with the runners they use, on the output of `npm run build`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const ROOT = new URL('../../', import.meta.url).pathname;
const FIXTURES = join(ROOT, 'test/testing/fixtures');
const PATIENCE_MS = 120_000;

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a file of the package in a fixture. The runner must end by itself: an open handle would make it hang. */
async function run(binary: string, args: readonly string[], fixture: string): Promise<Ended> {
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_OPTIONS: '--experimental-vm-modules', FORCE_COLOR: '0' };
  // nothing of the runner that runs this test, and no Redis
  for (const name of Object.keys(env)) if (/^(JEST_|VITEST|NODE_ENV$|REDIS_URL$)/.test(name)) delete env[name];
  const runner = spawn(process.execPath, [join(ROOT, 'node_modules', binary), ...args], {
    cwd: join(FIXTURES, fixture),
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [runner.stdout, runner.stderr]) stream.on('data', (chunk) => (output += chunk));
  const timer = setTimeout(() => runner.kill('SIGKILL'), PATIENCE_MS);
  const [code] = (await once(runner, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, output };
}

describe('Jest', () => {
  it.each(['fake', 'inline', 'memory', 'part'])(
    'has no open handle after the file %s.spec.ts, also when the app is left open',
    async (mode) => {
      const { code, output } = await run('jest/bin/jest.js', ['--detectOpenHandles', `${mode}.spec.ts`], 'jest');
      expect(output).toContain('1 passed');
      expect(output).not.toMatch(/open handle|did not exit/i);
      expect(code).toBe(0);
    },
    130_000,
  );
});

describe('Vitest', () => {
  it('runs every mode, with the matchers', async () => {
    const { code, output } = await run('vitest/vitest.mjs', ['run'], 'vitest');
    expect(output).toMatch(/4 passed/);
    expect(code).toBe(0);
  }, 130_000);
});
