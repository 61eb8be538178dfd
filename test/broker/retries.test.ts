import type { Claimant, Retry } from '../../src/broker/port/broker.js';
import { encodeAttempt } from '../../src/message/attempt-record.js';
import { BrokerFixture, counted, idOf, sessionState, triedAgain } from '../support/broker-fixture.js';
import { eventually } from '../support/eventually.js';

const NAMESPACE = '{nestwork}:';
const FUTURE = Date.UTC(2100, 0, 1);
const REPORT = { code: 'TASK_FAILED', error: 'Error: no', host: 'here', pid: 7 };
const LINE = encodeAttempt({ at: 7, attempt: 1, code: 'TASK_FAILED', error: 'Error: no' });
const AT_ONCE: Retry = { inMs: 0, line: LINE, failures: 0, counts: true };
const LATER: Retry = { ...AT_ONCE, inMs: 60_000 };

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** The counter of failures of a message. */
function withFailures(message: string, failures: string): string {
  return message.slice(0, 21) + failures + message.slice(23);
}

function withHistory(message: string, lines: number): string {
  return message + Array.from({ length: lines }, (_, index) => `\n{"at":${index}}`).join('');
}

function enqueuedAt(message: string): number {
  return Number.parseInt(message.slice(25, 34), 36);
}

/** A child that holds one task and nothing rings. */
async function holder(message: string): Promise<{ child: Claimant; task: { id: string; queue: string } }> {
  const child = await fixture.holderOf([message]);
  await fixture.redis.del(`${NAMESPACE}bell:default`);
  return { child, task: { id: idOf(message), queue: 'default' } };
}

describe('retry', () => {
  it.each<[string, { inMs: number; counts: boolean }, string, string]>([
    ['later', { inMs: 60_000, counts: true }, '00', '01'],
    ['later, for the tenth time', { inMs: 60_000, counts: true }, '09', '0a'],
    ['later, uncounted', { inMs: 60_000, counts: false }, '03', '03'],
    ['later, and counts no further than two digits can', { inMs: 60_000, counts: true }, 'zz', 'zz'],
    ['at once', { inMs: 0, counts: true }, '0z', '10'],
    ['at once, uncounted', { inMs: 0, counts: false }, '00', '00'],
  ])('lets a task run again %s', async (_what, { inMs, counts }, failures, failuresAfter) => {
    const message = withFailures(fixture.message(), failures);
    const { child, task } = await holder(message);
    const before = await fixture.now();
    const retry = { inMs, counts, line: LINE, failures: Number.parseInt(failures, 36) };
    expect(await fixture.broker.retry(child, task, retry)).toBe(true);
    const after = await fixture.now();

    const [[scheduled, due] = []] = await fixture.dueTimes();
    const [pending] = await fixture.redis.lrange(`${NAMESPACE}queue:default`, 0, -1);
    const time = enqueuedAt(scheduled ?? pending ?? '');
    expect(time).toBeGreaterThanOrEqual(before + inMs);
    expect(time).toBeLessThanOrEqual(after + inMs);
    const again = triedAgain(message, failuresAfter, time, LINE);
    if (inMs > 0) {
      expect(due).toBe(time);
      expect(await fixture.state()).toEqual({
        ...sessionState(child),
        'scheduled:default': [again],
        alarm: ['1'],
      });
    } else {
      expect(await fixture.state()).toEqual({
        ...sessionState(child),
        'queue:default': [again],
        'bell:default': ['1'],
      });
    }
  });

  it('at once goes behind the pending tasks', async () => {
    const { child, task } = await holder(fixture.message());
    const waiting = fixture.messages(2);
    await fixture.broker.enqueue('default', waiting);
    await fixture.broker.retry(child, task, AT_ONCE);
    const queue = await fixture.redis.lrange(`${NAMESPACE}queue:default`, 0, -1);
    expect(queue.map(idOf)).toEqual([...waiting.map(idOf), task.id]);
  });

  it('later wakes the promoter only when the task is due first', async () => {
    const messages = fixture.messages(2);
    const child = await fixture.holderOf(messages);
    const [first = '', second = ''] = messages.map(idOf);
    await fixture.broker.retry(child, { id: first, queue: 'default' }, LATER);
    await fixture.redis.del(`${NAMESPACE}alarm`);
    await fixture.broker.retry(child, { id: second, queue: 'default' }, { ...LATER, inMs: 70_000 });
    expect(await fixture.redis.exists(`${NAMESPACE}alarm`)).toBe(0);
    expect((await fixture.dueTimes()).map(([message]) => idOf(message))).toEqual([first, second]);
  });

  it.each([
    ['crashes', { crashes: 1 }],
    ['suspicions', { suspicions: 1 }],
  ])('of a task with %s goes to the quarantined tasks', async (_what, counters) => {
    const quarantined = counted(fixture.message(), counters);
    const first = await holder(quarantined);
    await fixture.broker.retry(first.child, first.task, AT_ONCE);
    const [again = ''] = await fixture.redis.lrange(`${NAMESPACE}suspects:default`, 0, -1);
    expect(await fixture.state()).toEqual({
      ...sessionState(first.child),
      'suspects:default': [triedAgain(quarantined, '01', enqueuedAt(again), LINE)],
      'bell:default': ['1'],
    });

    await fixture.claim(first.child);
    await fixture.broker.retry(first.child, first.task, { ...AT_ONCE, failures: 1, inMs: 1 });
    await eventually(async () => expect((await fixture.broker.promote(1)).moved).toBe(1));
    const [once = ''] = await fixture.redis.lrange(`${NAMESPACE}suspects:default`, 0, -1);
    expect(once).toBe(triedAgain(quarantined, '02', enqueuedAt(once), LINE + LINE));
  });

  it.each([
    [0, 1],
    [18, 19],
    [19, 20],
    [20, 20],
    [21, 21],
  ])('appends to a history of %i lines, and removes the oldest of twenty', async (lines, after) => {
    const message = withHistory(fixture.message(), lines);
    const { child, task } = await holder(message);
    await fixture.broker.retry(child, task, AT_ONCE);
    const [again = ''] = await fixture.redis.lrange(`${NAMESPACE}queue:default`, 0, -1);
    const [body, ...history] = again.slice(34).split('\n');
    const expected = [...withHistory('', lines).split('\n').slice(1), LINE.slice(1)];
    expect(body).toBe(message.slice(34).split('\n')[0]);
    expect(history).toEqual(expected.slice(-after));
  });

  it('that arrives late finds another count of failures, and changes nothing', async () => {
    const { child, task } = await holder(fixture.message());
    await fixture.broker.retry(child, task, AT_ONCE);
    await fixture.claim(child);
    const before = await fixture.state();
    expect(await fixture.broker.retry(child, task, AT_ONCE)).toBe(false);
    expect(await fixture.state()).toEqual(before);
    expect(await fixture.broker.retry(child, task, { ...LATER, failures: 1 })).toBe(true);
  });

  it('changes nothing when the child no longer holds the task', async () => {
    const { child, task } = await holder(fixture.message());
    const other = await fixture.child();
    const before = await fixture.state();
    expect(await fixture.broker.retry(other, task, AT_ONCE)).toBe(false);
    expect(await fixture.state()).toEqual(before);
    await fixture.broker.retry(child, task, LATER);
    const once = await fixture.state();
    expect(await fixture.broker.retry(child, task, LATER)).toBe(false);
    expect(await fixture.state()).toEqual(once);
  });

  it('refuses a child that is not registered', async () => {
    const { child, task } = await holder(fixture.message());
    const before = await fixture.state();
    await fixture.redis.hdel(`${NAMESPACE}session:${child.session}`, child.child);
    await expect(fixture.broker.retry(child, task, AT_ONCE)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await fixture.redis.hset(`${NAMESPACE}session:${child.session}`, child.child, 1);
    expect(await fixture.state()).toEqual(before);
  });

  it('works when Redis is full', async () => {
    const messages = fixture.messages(2);
    const child = await fixture.holderOf(messages);
    const [now = '', later = ''] = messages.map(idOf);
    const answers = await fixture.whenFull(async () => [
      await fixture.broker.retry(child, { id: now, queue: 'default' }, AT_ONCE),
      await fixture.broker.retry(child, { id: later, queue: 'default' }, LATER),
    ]);
    expect(answers).toEqual([true, true]);
  });
});

describe('a burial after an attempt', () => {
  it.each([
    ['counts and notes it', LINE, '02'],
    ['that was none keeps the message unchanged', '', '01'],
  ])('%s', async (_what, line, failures) => {
    const message = withFailures(fixture.message(), '01');
    const { child, task } = await holder(message);
    expect(await fixture.broker.bury(child, task, REPORT, line)).toBe(true);
    expect(await fixture.state()).toEqual({
      ...sessionState(child),
      'dead:default': [task.id],
      'dead-records:default': {
        [task.id]: `${JSON.stringify(REPORT)}\n${withFailures(message, failures)}${line}`,
      },
    });
  });

  it('keeps the last twenty attempts', async () => {
    const message = withHistory(fixture.message(), 20);
    const { child, task } = await holder(message);
    await fixture.broker.bury(child, task, REPORT, LINE);
    const record = await fixture.redis.hget(`${NAMESPACE}dead-records:default`, task.id);
    const [, body, ...history] = (record ?? '').split('\n');
    expect(body).toBe(withFailures(message, '01').split('\n')[0]);
    expect(history).toEqual([...message.split('\n').slice(2), LINE.slice(1)]);
  });
});

it('a delayed retry and a scheduled task share the schedule of their queue, in the order of time', async () => {
  const { child, task } = await holder(fixture.message());
  const [future = ''] = fixture.messages(1);
  await fixture.broker.enqueue('default', [future], { at: FUTURE });
  await fixture.broker.retry(child, task, LATER);
  expect((await fixture.dueTimes()).map(([message]) => idOf(message))).toEqual([task.id, idOf(future)]);
});

describe('a burial', () => {
  it('ends a task that was cancelled while it ran, without a record', async () => {
    const message = fixture.message();
    const { child, task } = await holder(message);
    await fixture.broker.cancel(task.id);
    expect(await fixture.broker.bury(child, task, REPORT, LINE)).toBe(true);
    expect(await fixture.broker.locate(task.id)).toMatchObject({ state: 'cancelled' });
    expect(await fixture.redis.exists(`${NAMESPACE}dead:default`, `${NAMESPACE}claims:${child.child}`)).toBe(0);
  });

  it('that arrives late does not end a later claim of the same task', async () => {
    const message = fixture.message();
    const { child, task } = await holder(message);
    const late = { ...task, message };
    await fixture.broker.bury(child, late, REPORT, LINE);
    const [death] = await fixture.redis.zrange(`${NAMESPACE}dead:default`, '0', '-1', 'WITHSCORES');
    expect(death).toBe(task.id);
    const again = message.slice(0, 25) + (enqueuedAt(message) + 1).toString(36).padStart(9, '0') + message.slice(34);
    await fixture.redis.hset(`${NAMESPACE}claims:${child.child}`, task.id, `default ${again}`);
    await fixture.redis.del(`${NAMESPACE}dead:default`, `${NAMESPACE}dead-records:default`);
    expect(await fixture.broker.bury(child, late, REPORT, LINE)).toBe(false);
    expect(await fixture.redis.hget(`${NAMESPACE}claims:${child.child}`, task.id)).toBe(`default ${again}`);
  });
});
