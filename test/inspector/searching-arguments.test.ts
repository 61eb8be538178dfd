import { createInspector } from '../../src/inspector/create-inspector.js';
import type { Inspector } from '../../src/inspector/inspector.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { nestwork } from '../support/command-line.js';

let fixture: BrokerFixture;
let inspector: Inspector;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  inspector = await createInspector({ redis: fixture.settings });
});
beforeEach(async () => {
  await fixture.child();
});
afterEach(() => fixture.reset());
afterAll(async () => {
  await inspector.close();
  await fixture.stop();
});

async function send(...lists: readonly (readonly unknown[])[]): Promise<string[]> {
  const messages = lists.map((args) => fixture.message('Some.task', ...args));
  await fixture.broker.enqueue('default', messages);
  return messages.map(idOf);
}

const found = async (text: string, options = {}): Promise<string[]> =>
  (await inspector.tasks.list({ text, ...options })).tasks.map(({ id }) => id);

it('list() with a text finds the tasks whose arguments contain it as they are shown', async () => {
  const at = new Date(Date.UTC(2026, 10, 27));
  const [first, second, third] = await send(['in_88213', { amount: 4900, at }], [new Map([['a', 7n]])], ['other']);
  expect(await found('in_88')).toEqual([first]);
  expect(await found('amount: 4900, at: Date 2026-11-27')).toEqual([first]);
  expect(await found('"a" => 7n')).toEqual([second]);
  expect(await found('er"')).toEqual([third]);
  expect(await found('Some.task')).toEqual([]);
  expect(await found('OTHER')).toEqual([]);
});

it('list() with a text looks at scheduled and active tasks, too, and at whole messages', async () => {
  const child = await fixture.child();
  const [active = ''] = await send([`${'x'.repeat(5_000)}needle`]);
  await fixture.claim(child, 1);
  const later = fixture.message('Some.task', `${'y'.repeat(5_000)}needle`);
  await fixture.broker.enqueue('default', [later], { in: 60_000 });
  const [pending = ''] = await send(['needle']);
  await send(['hay']);
  expect(await found('needle')).toEqual([active, pending, idOf(later)]);
  expect(await found('needle', { state: 'scheduled' })).toEqual([idOf(later)]);
  expect(await found('needle', { order: 'newest', state: 'pending' })).toEqual([pending]);
});

it.each(['oldest', 'newest'] as const)(
  'pages of a search for a text, the %s first, have each match once, and count what was looked at',
  async (order) => {
    const ids = await send(...Array.from({ length: 30 }, (_, index) => [index % 3 === 0 ? 'needle' : 'hay']));
    const wanted = ids.filter((_, index) => index % 3 === 0);
    const all: string[] = [];
    let looked = 0;
    let cursor: string | undefined;
    do {
      const page = await inspector.tasks.list({
        text: 'needle',
        task: 'Some.task',
        limit: 3,
        order,
        ...(cursor && { cursor }),
      });
      expect(page.tasks.length).toBeLessThanOrEqual(3);
      expect(looked + page.looked + page.left).toBe(30);
      all.push(...page.tasks.map(({ id }) => id));
      looked += page.looked;
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(all).toEqual(order === 'oldest' ? wanted : wanted.reverse());
  },
);

it.each(['oldest', 'newest'] as const)(
  'a search, the %s first, ends behind the first task whose decision takes longer than its time, and goes on from there',
  async (order) => {
    const child = await fixture.child();
    const active = await send([1], [2], [3]);
    await fixture.claim(child, 3);
    const pending = await send([4], [5], [6]);
    const slow = async (): Promise<boolean> => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return true;
    };
    const pages: string[][] = [];
    let cursor: string | undefined;
    do {
      const options = { order, within: 1, ...(cursor !== undefined && { cursor }) };
      const page = await inspector.tasks.search(options, slow);
      expect(page.looked).toBe(page.tasks.length);
      pages.push(page.tasks.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== undefined);
    const behind = order === 'oldest' ? pending : pending.reverse();
    expect(pages).toEqual([...active, ...behind].map((id) => [id]));
  },
);

it('list() with a text passes over bytes that are no call', async () => {
  await fixture.redis.lpush('{nestwork}:queue:default', 'needle', '{"needle": 1}');
  const [id] = await send(['needle']);
  expect(await found('needle')).toEqual([id]);
  await fixture.redis.del('{nestwork}:queue:default');
});

it.each([
  [{ text: '' }, "is ''"],
  [{ text: 7 as never }, 'is 7'],
  [{ text: 'a', state: 'done', task: 'Some.task' } as const, "is given with the state 'done'"],
])('list(%j) refuses a text that cannot be searched for', async (options, message) => {
  await expect(inspector.tasks.list(options)).rejects.toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  await expect(inspector.tasks.list(options)).rejects.toThrow(message);
});

it('tasks ls --text lists the tasks whose arguments contain it', async () => {
  const [first] = await send([{ weekly: true }], [{ weekly: false }]);
  const options = { env: { NESTWORK_REDIS_URL: fixture.server.url, NO_COLOR: '1' } };
  const { code, stdout } = await nestwork(['tasks', 'ls', '--text', 'weekly: true'], options);
  expect([code, stdout.trim().split('\n').length]).toEqual([0, 2]);
  expect(stdout).toContain(first);
});
