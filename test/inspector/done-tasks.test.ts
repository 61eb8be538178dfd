import { createInspector } from '../../src/inspector/create-inspector.js';
import type { Inspector } from '../../src/inspector/inspector.js';
import type { DoneRecord } from '../../src/task/done-record.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { type CommandLineOptions, nestwork } from '../support/command-line.js';

const AT = Date.UTC(2026, 10, 29, 3, 12);
const TASK = 'Some.task';

let fixture: BrokerFixture;
let inspector: Inspector;
let options: CommandLineOptions;
let records: DoneRecord[];
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  inspector = await createInspector({ redis: fixture.settings });
  options = { env: { NESTWORK_REDIS_URL: fixture.server.url, NO_COLOR: '1' } };
});
beforeEach(async () => {
  await fixture.child();
  const entry = { name: TASK, queue: 'default', keepDone: 5 };
  await fixture.redis.hset('{nestwork}:catalog', TASK, JSON.stringify(entry));
  const times = { queue: 'default', enqueuedAt: AT - 2_000, startedAt: AT - 1_000, attempt: 2 };
  records = [1, 2, 3].map((second) => ({ id: fixture.ids.next(), ...times, endedAt: AT + second * 1_000 }));
  await fixture.broker.done.keep(TASK, 5, records);
});
afterEach(() => fixture.reset());
afterAll(async () => {
  await inspector.close();
  await fixture.stop();
});

it('list() shows the done tasks of a name page by page, the newest first', async () => {
  const newest = await inspector.tasks.list({ state: 'done', task: TASK, limit: 2 });
  expect(newest).toMatchObject({ looked: 2, left: 1, tasks: [{ id: records[2]?.id }, { id: records[1]?.id }] });
  const { cursor } = newest;
  const rest = await inspector.tasks.list({ state: 'done', task: TASK, limit: 2, ...(cursor && { cursor }) });
  expect(rest).toEqual({
    tasks: [
      {
        id: records[0]?.id,
        state: 'done',
        heldBack: false,
        queue: 'default',
        task: TASK,
        enqueuedAt: new Date(AT - 2_000),
        startedAt: new Date(AT - 1_000),
        endedAt: new Date(AT + 1_000),
        attempt: 2,
        dueAt: undefined,
        child: undefined,
      },
    ],
    cursor: undefined,
    looked: 1,
    left: 0,
  });
  const oldest = await inspector.tasks.list({ state: 'done', task: TASK, order: 'oldest', id: records[1]?.id ?? '' });
  expect(oldest.tasks.map(({ id }) => id)).toEqual([records[1]?.id]);
  expect((await inspector.tasks.list({ state: 'done', task: TASK, queue: 'default' })).tasks.length).toBe(3);
  expect((await inspector.tasks.list({ state: 'done', task: 'Other.task' })).tasks).toEqual([]);
  expect((await inspector.tasks.list({ task: TASK })).tasks).toEqual([]);
});

it.each([{ state: 'done' }, { state: 'done', task: TASK, cursor: 'x' }, { state: 'gone' }])(
  'list() refuses %p',
  async (given) => {
    const refused = { code: 'INVALID_OPTION' };
    await expect(inspector.tasks.list(given as { state: 'done' })).rejects.toMatchObject(refused);
  },
);

it('get() and explain() find a done task by its id', async () => {
  const [{ id }] = records as [DoneRecord];
  expect(await inspector.tasks.get(id)).toMatchObject({
    state: 'done',
    queue: 'default',
    task: TASK,
    enqueuedAt: new Date(AT - 2_000),
    startedAt: new Date(AT - 1_000),
    endedAt: new Date(AT + 1_000),
    attempt: 2,
    attempts: [],
    args: undefined,
  });
  expect(await inspector.tasks.explain(id)).toMatchObject({
    code: 'done',
    sentences: ['It was done at 2026-11-29 03:12:01Z.'],
  });
  expect(await inspector.tasks.get(fixture.ids.next())).toBeUndefined();
});

it('nestwork tasks ls and show find done tasks', async () => {
  const { code, stdout } = await nestwork(['tasks', 'ls', '--state', 'done', '--task', TASK, '--json'], options);
  const ids = stdout.trim().split('\n');
  expect([code, ids.map((line) => JSON.parse(line).id)]).toEqual([0, records.map(({ id }) => id).reverse()]);
  const shown = await nestwork(['tasks', 'show', records[0]?.id ?? ''], options);
  expect(shown.stdout).toContain(`${records[0]?.id}  ${TASK}  done in queue default`);
  expect(shown.stdout).toMatch(/started +2026-11-29 03:11:59Z.*\nended +2026-11-29 03:12:01Z/);
  const unnamed = await nestwork(['tasks', 'ls', '--state', 'done'], options);
  expect([unnamed.code, unnamed.stderr]).toEqual([2, expect.stringContaining('`task` is missing')]);
});
