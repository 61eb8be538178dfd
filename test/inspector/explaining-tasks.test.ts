import type { ChildDigest } from '../../src/broker/port/worker-port.js';
import { createInspector } from '../../src/inspector/create-inspector.js';
import type { Inspector } from '../../src/inspector/inspector.js';
import type { ExplanationCode } from '../../src/inspector/tasks/task-explanation.js';
import { encodeAttempt } from '../../src/message/attempt-record.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { RetryTask } from '../../src/policy/task-errors.js';
import { errorText } from '../../src/values/error-text.js';
import { BrokerFixture, counted, idOf } from '../support/broker-fixture.js';
import { seedDead } from '../support/dead-tasks.js';
import { DIGEST, publishWorker } from '../support/worker-digests.js';

const BY = { by: 'anna' };
const CHILD = DIGEST.children[0] as ChildDigest;
const SUSPECTS = '{nestwork}:suspects:default';

let fixture: BrokerFixture;
let inspector: Inspector;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  inspector = await createInspector({ redis: fixture.settings });
});
beforeEach(async () => {
  await fixture.child(['default', 'mail']);
  await fixture.redis.hset('{nestwork}:catalog', 'Some.task', '{"name":"Some.task","queue":"default"}');
});
afterEach(() => fixture.reset());
afterAll(async () => {
  await inspector.close();
  await fixture.stop();
});

async function expectExplained(message: string, code: ExplanationCode, ...sentences: string[]): Promise<void> {
  const explanation = await inspector.tasks.explain(idOf(message));
  expect([explanation.code, ...explanation.sentences]).toEqual([
    code,
    ...sentences.map((one) => expect.stringMatching(one)),
  ]);
}

/** No worker is there any more. */
async function withoutWorkers(): Promise<void> {
  await fixture.redis.del('{nestwork}:sessions', ...(await fixture.redis.keys('{nestwork}:session:*')));
}

describe('explain() of a pending task', () => {
  it('names its place in the queue', async () => {
    const [first = '', , third = ''] = fixture.messages(3);
    await fixture.broker.enqueue('default', [first, fixture.message(), third]);
    await expectExplained(first, 'next', 'It is the next task of the queue default\\.');
    await expectExplained(third, 'in-line', '2 tasks come before it in the queue default\\.');
  });

  it('says how many of the children that serve its queue are busy, unless it waits for something else', async () => {
    const [first = '', second = ''] = fixture.messages(2);
    await fixture.broker.enqueue('default', [first, second]);
    const child = (running: number, state: ChildDigest['state'] = 'running') => ({ ...CHILD, running, state });
    const both = { children: [child(3), child(1)], forked: 2 };
    await publishWorker(fixture, both);
    await publishWorker(fixture, { children: [child(7)] }, ['mail']);
    await publishWorker(fixture, { state: 'quiet', children: [child(0, 'stopping')] });
    await expectExplained(
      first,
      'next',
      '^It is the next .* All children that serve it are busy \\(2 of 2\\), with 4 tasks\\.$',
    );
    await expectExplained(second, 'in-line', '^1 task comes .* busy \\(2 of 2\\), with 4 tasks\\.$');
    await publishWorker(fixture, { children: [child(0), child(0, 'booting')], forked: 2 });
    await expectExplained(first, 'next', ' 2 of the 3 children that serve it are busy, with 4 tasks\\.$');
    await inspector.queues.pause('default', BY);
    await expectExplained(first, 'paused', 'paused by', 'the next task of the queue default\\.$');
  });

  it('names the only child that serves its queue as busy', async () => {
    const [first = ''] = fixture.messages(1);
    await fixture.broker.enqueue('default', [first]);
    await publishWorker(fixture);
    await expectExplained(first, 'next', ' The only child that serves it is busy with 1 task\\.$');
  });

  it('counts quarantined tasks among those before it', async () => {
    const [first = '', suspect = ''] = fixture.messages(2);
    await fixture.broker.enqueue('default', [first]);
    await fixture.redis.rpush(SUSPECTS, counted(suspect, { crashes: 1 }));
    await expectExplained(first, 'in-line', '1 task comes before it');
    await fixture.redis.del(SUSPECTS);
  });

  it('names the pause, by whom, for how long and why, before all else', async () => {
    const [first = ''] = fixture.messages(1);
    await fixture.broker.enqueue('default', [first]);
    await inspector.queues.pause('default', { ...BY, for: '1h', reason: 'maintenance' });
    await expectExplained(first, 'paused', 'paused by anna, for another (1 h|59 min): maintenance\\.', 'the next');
    const { pause } = await inspector.tasks.explain(idOf(first));
    expect(pause).toMatchObject({ queue: 'default', by: 'anna', reason: 'maintenance' });
    await inspector.queues.pause('default', BY);
    await withoutWorkers();
    await expectExplained(first, 'paused', 'paused by anna, until it is resumed\\.', 'No worker', 'the next');
  });

  it('says that no worker serves its queue', async () => {
    const [first = ''] = fixture.messages(1);
    await fixture.broker.enqueue('default', [first]);
    await withoutWorkers();
    await expectExplained(first, 'no-worker', 'No worker serves the queue default now', 'the next');
  });

  it('remarks that no worker knows its name, and when it expires', async () => {
    const unknown = fixture.message('Smoe.task');
    const call = { name: 'Some.task', payload: '[]', enqueuedAt: Date.now(), options: { expires: 3_600_000 } };
    const expiring = encodeMessage({ ...call, id: fixture.ids.next() });
    const expired = encodeMessage({ ...call, id: fixture.ids.next(), enqueuedAt: 1_000 });
    await fixture.broker.enqueue('default', [unknown, expiring, expired]);
    await expectExplained(unknown, 'next', 'the next', 'No worker has ever announced a task Smoe\\.task');
    await expectExplained(expiring, 'in-line', '1 task', 'It expires in ');
    await expectExplained(expired, 'in-line', '2 tasks', 'It has expired');
  });
});

describe('explain() of a quarantined task', () => {
  it('says that it runs alone, and which child drains for it', async () => {
    const child = await fixture.child();
    const suspects = fixture.messages(2).map((message) => counted(message, { crashes: 1 }));
    await fixture.redis.rpush(SUSPECTS, ...suspects);
    await expectExplained(
      suspects[1] ?? '',
      'quarantined',
      'a child that holds nothing else takes it, after 1 more\\.$',
    );
    await fixture.redis.set('{nestwork}:drain', child.child);
    await expectExplained(
      suspects[0] ?? '',
      'quarantined',
      `takes it\\. Child ${child.child} on test finishes its tasks`,
    );
    await fixture.redis.del(SUSPECTS, '{nestwork}:drain');
  });
});

describe('explain() of a scheduled task', () => {
  it('names its time and its last error', async () => {
    const [due = '', late = ''] = fixture.messages(2);
    const line = encodeAttempt({ at: 1, attempt: 1, code: 'TASK_FAILED', error: 'Error: no route' });
    await fixture.broker.enqueue('mail', [due + line], { at: 4_000_000_000_000 });
    await expectExplained(due, 'scheduled', 'It is due in \\d+ d, at 2096-10-02.*with TASK_FAILED: Error: no route\\.');
    const [asking = ''] = fixture.messages(1);
    const error = errorText(new RetryTask({ in: '15s', cause: new Error('429') }));
    const asked = encodeAttempt({ at: 1, attempt: 1, code: 'TASK_FAILED', error });
    await fixture.broker.enqueue('mail', [asking + asked], { at: 4_000_000_000_000 });
    await expectExplained(asking, 'scheduled', 'Its last attempt asked to run again \\(caused by Error: 429\\)\\.$');
    await fixture.broker.enqueue('mail', [late], { at: 1_000 });
    await expectExplained(late, 'overdue', 'It is due since \\d+ d.*a worker that moves it to the queue mail\\.');
  });
});

describe('explain() of a task that left its queue', () => {
  it('names the child that holds it, also when it was cancelled', async () => {
    const [held = ''] = fixture.messages(1);
    const { child } = await fixture.holderOf([held]);
    await expectExplained(held, 'active', `Child ${child} of the worker test:1 holds it`);
    expect((await inspector.tasks.explain(idOf(held))).worker).toEqual({ child, host: 'test', pid: 1 });
    await inspector.tasks.cancel(idOf(held), BY);
    await expectExplained(
      held,
      'cancelling',
      `It was cancelled at .*\\. Child ${child} of the worker test:1 still holds it`,
    );
  });

  it('does not take a task for a running one when the lease of its worker is over', async () => {
    const [held = ''] = fixture.messages(1);
    const { child } = await fixture.holderOf([held]);
    for (const session of await fixture.redis.zrange('{nestwork}:sessions', 0, '-1'))
      await fixture.redis.zadd('{nestwork}:sessions', 1_000, session);
    await expectExplained(
      held,
      'active',
      `Child ${child} of the worker test:1 held it, and the lease of that worker ended .* ago: another worker`,
    );
  });

  it('says how it ended', async () => {
    const [waiting = ''] = fixture.messages(1);
    await fixture.broker.enqueue('default', [waiting]);
    await inspector.tasks.cancel(idOf(waiting), BY);
    const [dead = '', expired = ''] = await seedDead(fixture, [{}, { report: { code: 'TASK_EXPIRED' } }]);
    await expectExplained(waiting, 'cancelled', 'It was cancelled at ');
    await expectExplained(dead, 'dead', 'It died at 1970.* at attempt 1, with TASK_FAILED: Error: no$');
    await expectExplained(expired, 'expired', 'It expired at 1970');
    await expectExplained(fixture.message(), 'unknown', 'Redis has no task with this id');
  });
});
