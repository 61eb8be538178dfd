import { holdersOf, holdersText } from '../../src/inspector/tasks/limit-holders.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { limitKey } from '../support/limited-tasks.js';

const ACME = limitKey('stripe', 'acme');
const FULL = {
  limit: ACME,
  name: 'stripe',
  queue: undefined,
  key: 'acme',
  used: 2,
  most: 2,
  intervalUs: undefined,
  burst: 1,
  opensAt: undefined,
  isStopped: false,
  closed: undefined,
  isShut: true,
};

/** So many children, each of which holds so many tasks, the last of them one with the limit where its number is given. */
function places({ children, each, holders }: { children: number; each: number; holders: readonly number[] }) {
  const asked: string[] = [];
  const names = Array.from({ length: children }, (_, at) => `s.${at}`);
  return {
    asked,
    children: async () => names.map((child) => ({ child, host: 'test', pid: 1, leaseUntil: 0 })),
    held: async (child: string, { limit }: { readonly limit: number }) => {
      asked.push(child);
      const number = Number(child.slice(2));
      const tasks = Array.from({ length: Math.min(each, limit) }, (_, at) => {
        const tags = at === 0 && holders.includes(number) ? `l${ACME}` : '';
        const id = `task${number}x${at}`.padEnd(20, '0');
        return { id, queue: 'default', head: encodeMessage({ id, name: 'A.b', payload: '[]', enqueuedAt: 1, tags }) };
      });
      return { tasks, more: each > limit };
    },
  };
}

describe('the search for the holders of a full limit', () => {
  it('reads nothing where no limit is full', async () => {
    const all = places({ children: 3, each: 1, holders: [] });
    const open = [
      { ...FULL, isShut: false },
      { ...FULL, opensAt: 7 },
      { ...FULL, closed: { since: 1, until: 2, by: '' } },
    ];
    expect(await holdersOf({ limits: open }, all, [])).toEqual(new Map());
    expect(all.asked).toEqual([]);
  });

  it('ends with as many as hold it', async () => {
    const all = places({ children: 95, each: 3, holders: [1, 12, 40] });
    const { tasks = [], isWhole } = (await holdersOf({ limits: [FULL] }, all, [])).get(ACME) ?? {};
    expect(tasks.map(({ child }) => child)).toEqual(['s.1', 's.12']);
    expect([all.asked.length, isWhole]).toEqual([20, true]);
  });

  it('looks at no more than a hundred children, and a hundred tasks of each', async () => {
    const many = places({ children: 1_000, each: 1, holders: [500] });
    expect((await holdersOf({ limits: [FULL] }, many, [])).get(ACME)).toEqual({ tasks: [], isWhole: false });
    expect(many.asked).toHaveLength(100);
    const busy = places({ children: 1, each: 101, holders: [] });
    expect((await holdersOf({ limits: [FULL] }, busy, [])).get(ACME)).toEqual({ tasks: [], isWhole: false });
  });
});

describe('the text about holders', () => {
  const task = (id: string, startedAt?: number) => ({
    ...{ id, state: 'active', heldBack: false, queue: 'default', task: 'A.b', enqueuedAt: undefined, dueAt: undefined },
    ...{ endedAt: undefined, attempt: 1, child: 's.1', worker: undefined },
    startedAt: startedAt === undefined ? undefined : new Date(startedAt),
  });
  const text = (used: number, ids: readonly string[], isWhole = true, queue?: string): string =>
    holdersText({ used, queue }, { tasks: ids.map((id) => task(id) as never), isWhole }, 10_000);

  it.each([
    ['one', text(1, ['x']), ', by A.b x'],
    ['two', text(2, ['x', 'y']), ', by A.b x and A.b y'],
    ['more than were found', text(7, ['x'], false), ', by A.b x and 6 more'],
    ['more than it names', text(4, ['w', 'x', 'y', 'z']), ', by A.b w, A.b x, A.b y and 1 more'],
    ['one between two attempts', text(1, []), ', by a task that waits for its next attempt'],
    ['several between two attempts', text(2, []), ', by tasks that wait for their next attempt'],
    ['none of those that were looked at', text(2, [], false), ''],
    ['none of a queue', text(2, [], true, 'mail'), ''],
  ])('names %s', (_, written, words) => expect(written).toBe(words));

  it('has for how long they run, and nothing where nobody looked', () => {
    const tasks = [task('x', 8_000) as never];
    expect(holdersText({ used: 1, queue: undefined }, { tasks, isWhole: true }, 10_000)).toBe(', by A.b x (for 2.0 s)');
    expect(holdersText({ used: 1, queue: undefined }, undefined, 10_000)).toBe('');
  });
});
