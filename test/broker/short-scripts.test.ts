/** The short forms of scripts, which have nothing for limits and groups: see tools/generate/late-parts.mjs. */
import { createHash } from 'node:crypto';
import type { Claimant, ClaimedTask } from '../../src/broker/port/broker.js';
import { LUA, SHORT } from '../../src/broker/redis/lua.generated.js';
import { RedisBroker } from '../../src/broker/redis-broker.js';
import { callTags } from '../../src/message/call-tags.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { fireCron } from '../support/fire-cron.js';
import { declareLimit, limitedMessage, limitKey } from '../support/limited-tasks.js';

const LIMIT = limitKey('stripe', 'acme');

let fixture: BrokerFixture;
let broker: RedisBroker;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
// a client remembers which short forms have lacked something
beforeEach(async () => {
  await fixture.redis.script('FLUSH');
  const redis = fixture.settings;
  broker = new RedisBroker({ redis, namespace: 'nestwork', queues: ['default'], commandTimeoutMs: 5_000 });
  await broker.connect();
});
afterEach(async () => {
  await broker.close();
  await fixture.reset();
});
afterAll(() => fixture.stop());

async function isLoaded(text: string | undefined): Promise<boolean> {
  const [found] = (await fixture.redis.script('EXISTS', sha1(text ?? ''))) as number[];
  return found === 1;
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

async function claimed(child: Claimant): Promise<ClaimedTask> {
  const { tasks } = await broker.claim(child, { number: 1, limit: 1, limited: 1, acks: [] });
  return tasks[0] as ClaimedTask;
}

function retry(child: Claimant, task: ClaimedTask): Promise<boolean> {
  return broker.retry(child, task, { inMs: 0, failures: 0, line: '\n{"at":7}', counts: true });
}

it.each(Object.keys(SHORT) as (keyof typeof SHORT)[])(
  '%s has nothing for limits and groups in its short form',
  (name) => {
    const [short, whole] = [SHORT[name] ?? '', LUA[name]];
    expect(whole).toContain('local function settle_line(');
    expect(short).not.toMatch(/local function (?:settle_line|groups_of|room_of)\(/);
  },
);

it('a plain task is tried again by the short form, and the whole script is not loaded', async () => {
  await broker.enqueue('default', [fixture.message()]);
  const child = await fixture.child();
  expect(await retry(child, await claimed(child))).toBe(true);
  expect([await isLoaded(SHORT.retry), await isLoaded(LUA.retry)]).toEqual([true, false]);
  expect(await fixture.redis.llen('{nestwork}:queue:default')).toBe(1);
});

it('a task with a limit is tried again by the whole script, and the next one by that at once', async () => {
  await declareLimit(fixture, 'stripe', { most: 1 });
  const messages = [1, 2].map((number) => limitedMessage(fixture, { limits: [LIMIT] }, number));
  await broker.enqueueLimited('default', messages, { labels: [] });
  const children = [await fixture.child(), await fixture.child()] as const;
  expect(await retry(children[0], await claimed(children[0]))).toBe(true);
  expect([await isLoaded(SHORT.retry), await isLoaded(LUA.retry)]).toEqual([true, true]);
  expect(await fixture.redis.hgetall('{nestwork}:slots')).toEqual({});

  await fixture.redis.script('FLUSH');
  expect(await retry(children[1], await claimed(children[1]))).toBe(true);
  expect([await isLoaded(SHORT.retry), await isLoaded(LUA.retry)]).toEqual([false, true]);
  expect(await fixture.redis.zcard('{nestwork}:held:default')).toBe(2);
});

it('a member of a batch is tried again by the whole script', async () => {
  const group = fixture.ids.next();
  const callback = { queue: 'default', message: fixture.message('On.done') };
  await broker.groups.open({
    ...{ id: group, kind: 'batch', policy: 'fail', name: 'mailing', openedAt: 5, deadlineMs: undefined },
    ...{ done: callback, failed: callback },
  });
  const tags = callTags(undefined, { seconds: undefined, announced: false }, { group, number: 0 });
  const member = encodeMessage({ id: fixture.ids.next(), name: 'Some.task', payload: '[]', enqueuedAt: 1, tags });
  await broker.groups.add(group, 'default', [member]);
  const child = await fixture.child();
  expect(await retry(child, await claimed(child))).toBe(true);
  expect(await isLoaded(LUA.retry)).toBe(true);
  expect(await fixture.redis.llen('{nestwork}:queue:default')).toBe(1);
});

it('a run of a cron without the limit of a label is fired by the short form, and has no key in clear', async () => {
  const due = (await fixture.now()) - 1_000;
  await fixture.redis.hset('{nestwork}:crons', 'Reports.daily until', due - 1);
  const cron = { name: 'Reports.daily', queue: 'default', start: { tags: '', labels: [LIMIT, 'acme'] } };
  const options = { cron: cron.name, due };
  const message = encodeMessage({ id: fixture.ids.next(), name: cron.name, payload: '[]', enqueuedAt: due, options });
  expect(await fireCron(broker.crons, cron, [{ due, message }])).toMatchObject({ fired: 1 });
  expect([await isLoaded(SHORT['fire-crons']), await isLoaded(LUA['fire-crons'])]).toEqual([true, false]);
  expect(await fixture.redis.exists('{nestwork}:limit-labels')).toBe(0);
});
