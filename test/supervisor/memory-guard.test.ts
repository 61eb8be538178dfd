import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { MemoryGuard, type MemoryLimits } from '../../src/supervisor/memory-guard.js';
import { availableBytes, residentBytes } from '../../src/supervisor/process-memory.js';

const HOLDS = (megabytes: number): string =>
  `const kept = Buffer.alloc(${megabytes} * 2 ** 20, 1); process.stdout.write('ready'); process.stdin.resume(); kept;`;

let processes: ChildProcess[] = [];
afterEach(async () => {
  for (const process of processes) {
    const ended = once(process, 'exit');
    process.kill('SIGKILL');
    await ended;
  }
  processes = [];
});

/** A process that holds so much memory. */
async function holder(megabytes: number): Promise<{ pid: number }> {
  const child = spawn(process.execPath, ['-e', HOLDS(megabytes)], { stdio: ['pipe', 'pipe', 'inherit'] });
  processes.push(child);
  await once(child.stdout, 'data');
  return { pid: child.pid as number };
}

function guard(limits: Partial<MemoryLimits>, children: { pid: number }[]) {
  const found: number[] = [];
  const memoryGuard = new MemoryGuard(
    { maxMemoryPerChildBytes: undefined, maxMemoryPercent: undefined, ...limits },
    () => children,
    ({ pid }) => found.push(pid),
  );
  return { memoryGuard, found };
}

describe('MemoryGuard', () => {
  it('finds each child beyond its own limit', async () => {
    const [small, big, gone] = [await holder(1), await holder(300), { pid: 2 ** 22 + 1 }];
    const { memoryGuard, found } = guard({ maxMemoryPerChildBytes: 250 * 2 ** 20 }, [small, big, gone]);
    await memoryGuard.tick();
    expect(found).toEqual([big.pid]);
  });

  it('finds the biggest while the worker takes more than its share, and then waits for the effect', async () => {
    const [small, big] = [await holder(1), await holder(300)];
    const share = Math.floor((100 * 300 * 2 ** 20) / availableBytes());
    const { memoryGuard, found } = guard({ maxMemoryPercent: share }, [small, big]);
    await memoryGuard.tick();
    await memoryGuard.tick();
    expect(found).toEqual([big.pid]);
  });

  it('ignores a worker that stays within its share', async () => {
    const { memoryGuard, found } = guard({ maxMemoryPercent: 100 }, [await holder(1)]);
    await memoryGuard.tick();
    expect(found).toEqual([]);
  });

  it('measures memory outside of the heap of V8', async () => {
    const { pid } = await holder(200);
    expect(await residentBytes(pid)).toBeGreaterThan(200 * 2 ** 20);
    expect(await residentBytes(2 ** 22 + 1)).toBeUndefined();
  });
});
