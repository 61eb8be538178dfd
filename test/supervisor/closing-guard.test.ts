import { jest } from '@jest/globals';
import { ClosingGuard, type Leaving } from '../../src/supervisor/closing-guard.js';

const LIMIT_MS = 27_000;
const BROADCAST_MS = 10_000;

interface State {
  dismissed: boolean;
  killed: boolean;
  running: string[];
  held: string[];
  busy: boolean;
}

let atMs: number;
beforeEach(() => {
  atMs = 1_000;
  jest.spyOn(performance, 'now').mockImplementation(() => atMs);
});
afterEach(() => jest.restoreAllMocks());

/** A child that was asked to end and has nothing left to do, unless it is said; and the guard that watches it. */
function leaving(given: Partial<State> = {}) {
  const state: State = { dismissed: true, killed: false, running: [], held: [], busy: false, ...given };
  const ended: string[] = [];
  const none = { done: [], started: new Set<string>(), limited: [] };
  const child = {
    get dismissed() {
      return state.dismissed;
    },
    get killed() {
      return state.killed;
    },
    claimant: { session: 's-1', child: 's-1.1', queues: ['default'] },
    scoreboard: { read: () => ({ ...none, running: state.running }) },
    mailbox: {
      get busy() {
        return state.busy;
      },
    },
    endFor: (tasks: readonly unknown[], why: string) => void ended.push(`${tasks.length}: ${why}`),
  } as unknown as Leaving;
  const children = new Set([child]);
  const guard = new ClosingGuard({
    broker: { holdings: async () => ({ claimNumber: 1, ids: state.held }) },
    limitMs: LIMIT_MS,
    broadcastMs: BROADCAST_MS,
    children: () => children,
    onError: () => {},
  });
  return { state, ended, guard, children, child };
}

/** A look, and another one after so long. */
async function lookTwice(guard: ClosingGuard, afterMs: number): Promise<void> {
  await guard.tick();
  atMs += afterMs;
  await guard.tick();
}

it('a child that has had no task left for longer than the limit is ended, and no sooner', async () => {
  const { guard, ended } = leaving();
  await lookTwice(guard, LIMIT_MS);
  expect(ended).toEqual([]);
  await lookTwice(guard, 1);
  expect(ended).toEqual([
    expect.stringMatching(/^0: its last task ended more than 27 s ago, and its app has not closed/),
  ]);
});

it.each<[string, Partial<State>]>([
  ['was not asked to end', { dismissed: false }],
  ['is being ended', { killed: true }],
  ['runs a task', { running: ['id'] }],
  ['has a task of which Redis does not know the end', { held: ['id'] }],
])('a child that %s is not ended', async (_what, state) => {
  const { guard, ended } = leaving(state);
  await lookTwice(guard, 10 * LIMIT_MS);
  expect(ended).toEqual([]);
});

it('the limit counts from the end of the last task', async () => {
  const { guard, ended, state } = leaving();
  await guard.tick();
  state.running = ['id'];
  await lookTwice(guard, 10 * LIMIT_MS);
  state.running = [];
  await lookTwice(guard, LIMIT_MS);
  expect(ended).toEqual([]);
  await lookTwice(guard, 1);
  expect(ended).toHaveLength(1);
});

it('a child that runs a broadcast has the time for that as well, and no more', async () => {
  const { guard, ended } = leaving({ busy: true });
  await lookTwice(guard, LIMIT_MS + BROADCAST_MS);
  expect(ended).toEqual([]);
  await lookTwice(guard, 1);
  expect(ended).toHaveLength(1);
});

it('a child that has ended while Redis was asked is ignored', async () => {
  const { guard, ended, children, child } = leaving();
  await guard.tick();
  atMs += LIMIT_MS + 1;
  const looking = guard.tick();
  children.delete(child);
  await looking;
  expect(ended).toEqual([]);
});
