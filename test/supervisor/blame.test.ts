import { setImmediate as nextRound } from 'node:timers/promises';
import { Blame } from '../../src/supervisor/blame.js';
import type { Death } from '../../src/supervisor/child-exit.js';

const DEATH: Death = { pid: 7, reason: 'exit code 0', running: ['a'], done: [], timedOut: [] };
const BY_ANOTHER = { error: 'Error: no', task: { id: 'gone', name: 'A.b' } };

/** Whether it is decided without waiting for a stop. */
async function decidedAtOnce(blame: Blame, death: Death): Promise<Death | undefined> {
  let decided: Death | undefined;
  void blame.settled(death).then((settled) => {
    decided = settled;
  });
  await nextRound();
  return decided;
}

describe('the blame for the end of a child', () => {
  it.each<[string, Partial<Death>]>([
    ['SIGKILL', { reason: 'SIGKILL' }],
    ['SIGSEGV', { reason: 'SIGSEGV' }],
    ['SIGABRT', { reason: 'SIGABRT' }],
    ['SIGBUS', { reason: 'SIGBUS' }],
    ['an uncaught error', { reason: 'exit code 1', uncaught: { error: 'Error: no' } }],
    ['an exit while nothing ran', { running: [] }],
    ['a hard timeout', { running: ['a'], timedOut: [{ id: 'a', deadlineMs: 5, afterwards: 0 }] }],
  ])('is decided at once after %s', async (_what, given) => {
    const death = { ...DEATH, ...given };
    expect(await decidedAtOnce(new Blame(), death)).toBe(death);
  });

  it.each(['exit code 0', 'exit code 1', 'exit code 143', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'])(
    'waits after %s, and counts nothing when the worker is stopped in the meantime',
    async (reason) => {
      const blame = new Blame();
      const death = { ...DEATH, reason };
      expect(await decidedAtOnce(blame, death)).toBeUndefined();
      const settled = blame.settled(death);
      blame.lift();
      expect(await settled).toEqual({ ...death, stopping: true });
    },
  );

  it('counts after an exit without a following stop', async () => {
    expect(await new Blame().settled(DEATH)).toBe(DEATH);
  });

  it.each(['exit code 0', 'SIGKILL'])('counts nothing after %s while the worker is being stopped', async (reason) => {
    const blame = new Blame();
    blame.lift();
    expect(await decidedAtOnce(blame, { ...DEATH, reason })).toMatchObject({ stopping: true });
  });

  it('spares a task for an error that names another one, but not for ever', () => {
    const blame = new Blame();
    const death = { ...DEATH, uncaught: BY_ANOTHER };
    for (let times = 0; times < 5; times += 1) expect(blame.weigh(death)).toBe(death);
    expect(blame.weigh(death)).toEqual({ ...death, disputed: true });
    // of another task it says no more than before
    const other = { ...death, running: ['b'] };
    expect(blame.weigh(other)).toBe(other);
  });

  it('remembers spared tasks for the latest thousand tasks', () => {
    const blame = new Blame();
    const death = { ...DEATH, uncaught: BY_ANOTHER };
    for (let times = 0; times < 5; times += 1) blame.weigh(death);
    for (let index = 0; index < 1_000; index += 1) blame.weigh({ ...death, running: [`other ${index}`] });
    expect(blame.weigh(death)).toBe(death);
  });
});
