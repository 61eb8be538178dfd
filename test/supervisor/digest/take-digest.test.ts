import { monotonicMs } from '../../../src/ipc/monotonic-clock.js';
import { type Digested, takeDigest } from '../../../src/supervisor/digest/take-digest.js';
import { WorkerStatus } from '../../../src/supervisor/digest/worker-status.js';

const ID = 'k3v9x0q2m70000000007';

function status(): WorkerStatus {
  return new WorkerStatus(
    { name: 'shop', version: '1.2.3' },
    { inProcess: false, version: '0.0.0', range: { min: 1, max: 999 } },
  );
}

function child(tasks: number, given: Partial<Digested> = {}): Digested {
  const active = Array.from({ length: tasks }, (_, at) => ({
    id: ID,
    sinceMs: monotonicMs() - 1_000 + at,
    name: at % 3,
  }));
  return {
    pid: 2 ** 22 + 1,
    dismissed: false,
    claimant: { session: 's', child: 'c', queues: [] },
    forkedAtMs: performance.now() - 5_000,
    names: ['Some.task', 'Other.task'],
    scoreboard: { work: () => ({ active, done: 123_456 }) } as never,
    ...given,
  };
}

describe('the digest of a worker', () => {
  it('names the tasks of each child and its state; a name beyond the catalog is unknown', async () => {
    const { children, ...rest } = await takeDigest(status(), [
      child(3),
      child(0, { claimant: undefined }),
      child(0, { dismissed: true }),
    ]);
    expect(rest).toMatchObject({
      app: 'shop',
      appVersion: '1.2.3',
      forked: 3,
      range: { min: 1, max: 999 },
      restarted: 0,
    });
    expect(children.map(({ state }) => state)).toEqual(['running', 'booting', 'stopping']);
    expect(children[0]).toMatchObject({ running: 3, done: 123_456, upMs: expect.any(Number), bytes: undefined });
    expect(children[0]?.active.map(({ name }) => name)).toEqual(['Some.task', 'Other.task', undefined]);
    expect(children[0]?.active[0]?.forMs).toBeGreaterThanOrEqual(999);
  });

  it('lists at most 128 children and 256 tasks, and counts all', async () => {
    const { forked, children } = await takeDigest(
      status(),
      Array.from({ length: 300 }, () => child(100)),
    );
    expect([forked, children.length]).toEqual([300, 128]);
    expect(children.every(({ running, active }) => running === 100 && active.length === 2)).toBe(true);
  });

  it('lists up to 256 tasks of a single child', async () => {
    const { children } = await takeDigest(status(), [child(1_000)]);
    expect(children[0]).toMatchObject({ running: 1_000, active: { length: 256 } });
  });

  it('stays below 80 KiB however much there is to list', async () => {
    const full = status();
    for (let pid = 0; pid < 20; pid += 1) full.restarting(pid, 'x'.repeat(5_000));
    const names = ['x', 'y', 'z'].map((name) => name.repeat(200));
    const digest = await takeDigest(
      full,
      Array.from({ length: 1_024 }, () => child(1_000, { names })),
    );
    expect(JSON.stringify(digest).length).toBeLessThan(80 * 1_024);
    expect(digest.restarts).toHaveLength(5);
    expect(digest.restarted).toBe(20);
    expect(digest.restarts[0]?.reason.length).toBeLessThanOrEqual(201);
  });
});

describe('the status of a worker', () => {
  it('has the latest restarts first, in one line each, and the last order', () => {
    const kept = status();
    for (let pid = 1; pid <= 7; pid += 1) kept.restarting(pid, `reason\n${pid}`);
    kept.ordered({ id: '1', action: 'quiet', by: 'anna' });
    kept.ordered({ id: '2', action: 'recycle', by: 'bert' });
    const { restarted, restarts, order } = kept.digest();
    expect(restarted).toBe(7);
    expect(restarts.map(({ pid }) => pid)).toEqual([7, 6, 5, 4, 3]);
    expect(restarts[0]).toEqual({ pid: 7, reason: 'reason\\n7', agoMs: expect.any(Number), crashed: false });
    expect(order).toEqual({ id: '2', action: 'recycle', by: 'bert', agoMs: expect.any(Number) });
  });
});
