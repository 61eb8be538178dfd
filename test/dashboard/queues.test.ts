import type { DashboardSubject } from '../../src/dashboard/index.js';
import type { NameAnswer, NamesAnswer } from '../../src/dashboard/screens/names/wire.js';
import type { QueueAnswer } from '../../src/dashboard/screens/queue/wire.js';
import type { PurgePreviewAnswer } from '../../src/dashboard/screens/queues/wire.js';
import { encodeCounts, noCounts, observe } from '../../src/task/task-counts.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { DashboardApp } from '../support/dashboard-app.js';

const MINUTE_MS = 60_000;

let fixture: BrokerFixture;
let dashboard: DashboardApp;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(async () => {
  dashboard = await DashboardApp.start(fixture.server.url);
  await fixture.child(['mail', 'bulk']);
});
afterEach(async () => {
  await dashboard.close();
  await fixture.reset();
});
afterAll(() => fixture.stop());

/** Fields of the hash of a minute, counted from the present one. */
async function minute(ago: number, fields: Record<string, string>): Promise<void> {
  const present = Math.floor(Date.now() / MINUTE_MS);
  await fixture.redis.hset(`{nestwork}:metrics:${present - ago}`, fields);
}

async function send(number: number): Promise<void> {
  await fixture.broker.enqueue(
    'mail',
    Array.from({ length: number }, () => fixture.message('Mail.send', 'x')),
  );
}

describe('one queue', () => {
  it('has charts, its next tasks without arguments, and the names that ran in it', async () => {
    await send(2);
    await minute(1, {
      mail: 'pending 7 oldest 1500',
      'mail Mail.send': encodeCounts({ ...noCounts(), done: 3, dead: 1 }),
    });
    const { status, body } = await dashboard.get<QueueAnswer>('queue', { queue: 'mail' });
    expect(status).toBe(200);
    expect(body.next).toMatchObject([{ task: 'Mail.send' }, { task: 'Mail.send' }]);
    expect(Object.keys(body.next[0] ?? {})).toEqual(['id', 'task', 'at']);
    expect(body.names).toMatchObject([{ task: 'Mail.send', done: 3, failed: 0 }]);
    const at = body.chart.dead.indexOf(1);
    expect([body.chart.waiting[at], body.chart.oldestMs[at], body.chart.out[at]]).toEqual([7, 1_500, 4]);
  });

  it('has a point an hour over a week, each with the average of a minute', async () => {
    const ten = Math.floor(Date.now() / (10 * MINUTE_MS));
    for (let ago = 30; ago < 36; ago += 1) {
      const counts = encodeCounts({ ...noCounts(), done: 60 });
      await fixture.redis.hset(`{nestwork}:metrics10:${ten - ago}`, { 'mail Mail.send': counts });
    }
    const { body } = await dashboard.get<QueueAnswer>('queue', { queue: 'mail', span: 'week' });
    expect(body.chart.at.length).toBeGreaterThanOrEqual(168);
    expect(body.chart.at.length).toBeLessThanOrEqual(169);
    expect(body.chart.out.reduce((sum, out) => sum + out, 0)).toBeCloseTo(6, 5);
  });

  it.each([
    [
      { queue: 'mial' },
      404,
      'UNKNOWN_QUEUE',
      'Queue "mial" is unknown: no worker of this namespace has ever served it.',
    ],
    [{}, 400, 'INVALID_INPUT', ''],
    [{ queue: 'mail', span: 'year' }, 400, 'INVALID_INPUT', ''],
  ])('that is asked for with %j answers %i', async (query, status, code, message) => {
    const answer = await dashboard.get<{ code: string; message: string }>('queue', query as Record<string, string>);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.message).toContain(message);
  });
});

describe('a pause', () => {
  it('holds the queue for a time with its reason, is audited, and is ended by resume', async () => {
    const given = { queue: 'mail', for: '1h', reason: 'The mail server is down' };
    expect((await dashboard.post('queues/pause', given)).status).toBe(200);
    expect(await fixture.broker.pauses.pauses()).toMatchObject([{ queue: 'mail', by: 'anna', reason: given.reason }]);
    const { body } = await dashboard.get<{ queues: { queue: string; paused?: object }[] }>('snapshot');
    expect(body.queues.find(({ queue }) => queue === 'mail')?.paused).toMatchObject({ by: 'anna' });
    expect((await dashboard.post('queues/resume', { queue: 'mail' })).body).toEqual({ resumed: true });
    expect(await fixture.broker.pauses.pauses()).toEqual([]);
    expect(dashboard.audited).toMatchObject([
      { action: 'pause', by: 'anna', subject: { queue: 'mail' }, outcome: 'done' },
      { action: 'pause', outcome: 'done' },
    ]);
  });

  it.each([
    [{ queue: 'mail', for: 'soon' }, 400],
    [{ queue: 'nope' }, 404],
    [{ for: '1h' }, 400],
    [{ queue: 'mail', reason: 'x'.repeat(300) }, 400],
  ])('with %j is refused and holds nothing', async (body, status) => {
    expect((await dashboard.post('queues/pause', body)).status).toBe(status);
    expect(await fixture.broker.pauses.pauses()).toEqual([]);
  });

  it('that is not there is resumed with the count 0', async () => {
    expect((await dashboard.post('queues/resume', { queue: 'mail' })).body).toEqual({ resumed: false });
    expect(dashboard.audited).toMatchObject([{ action: 'pause', outcome: 'done', count: 0 }]);
  });

  it('is decided over by its queue alone: a task in the body makes no other subject of it', async () => {
    const asked: DashboardSubject[] = [];
    await dashboard.close();
    dashboard = await DashboardApp.start(fixture.server.url, {
      can: (action, subject) => {
        if (action === 'pause') asked.push(subject);
        return action === 'view' || subject.task === 'Mail.send';
      },
    });
    for (const path of ['queues/pause', 'queues/resume'])
      expect((await dashboard.post(path, { queue: 'mail', task: 'Mail.send' })).status).toBe(403);
    expect(asked).toEqual(Array(2).fill({ namespace: 'nestwork', queue: 'mail' }));
  });

  it('without the right is refused and holds nothing', async () => {
    dashboard.denied.add('pause');
    expect((await dashboard.post('queues/pause', { queue: 'mail' })).status).toBe(403);
    expect(await fixture.broker.pauses.pauses()).toEqual([]);
  });
});

describe('a purge', () => {
  it('shows first how many tasks match, with some of them, and takes none', async () => {
    await send(12);
    await fixture.broker.enqueue('mail', [fixture.message('Mail.other')]);
    const { body } = await dashboard.get<PurgePreviewAnswer>('queues/purge/preview', {
      queue: 'mail',
      task: 'Mail.send',
    });
    expect(body).toMatchObject({ matching: 12, looked: 13, total: 13 });
    expect(body.sample).toHaveLength(10);
    expect(await fixture.redis.llen('{nestwork}:queue:mail')).toBe(13);
  });

  it('deletes those that match, and ends with their number', async () => {
    await send(3);
    await fixture.broker.enqueue('mail', [fixture.message('Mail.other')]);
    const response = await dashboard.request('queues/purge', { queue: 'mail', task: 'Mail.send' });
    const lines = (await response.text()).trim().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ result: { count: 3 } });
    expect(await fixture.redis.llen('{nestwork}:queue:mail')).toBe(1);
    expect(dashboard.audited).toMatchObject([
      { action: 'purge', subject: { queue: 'mail', task: 'Mail.send' }, count: 3 },
    ]);
  });

  it('goes on from its cursor, and reports it on the way', async () => {
    await send(3);
    const cursor = 'pending-2-1';
    const response = await dashboard.request('queues/purge', { queue: 'mail', cursor });
    const lines = (await response.text()).trim().split('\n');
    expect(JSON.parse(lines[0] ?? '')).toEqual({ progress: { handled: 0, count: 0, total: 1 } });
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({ result: { count: 1 } });
    expect(await fixture.redis.llen('{nestwork}:queue:mail')).toBe(2);
    expect((await dashboard.post('queues/purge', { queue: 'mail', cursor: 7 })).status).toBe(400);
  });

  it.each([
    [{ queue: 'nope' }, 404],
    [{ queue: 'mail', cursor: 'x' }, 400],
    [{ queue: 'mail', olderThan: 'yesterday' }, 400],
    [{ queue: 'mail', task: '<b>' }, 400],
  ])('with the body %j answers %i before it begins, and deletes nothing', async (body, status) => {
    await send(1);
    expect((await dashboard.post('queues/purge', body)).status).toBe(status);
    expect(await fixture.redis.llen('{nestwork}:queue:mail')).toBe(1);
    expect(dashboard.audited).toEqual([]);
  });

  it('without the right deletes nothing', async () => {
    await send(1);
    dashboard.denied.add('purge');
    expect((await dashboard.post('queues/purge', { queue: 'mail' })).status).toBe(403);
    expect(await fixture.redis.llen('{nestwork}:queue:mail')).toBe(1);
  });
});

describe('the names of tasks', () => {
  beforeEach(async () => {
    const counts = { ...noCounts(), started: 4, done: 3, failed: 1 };
    for (const ms of [3, 3, 200, 4_000_000]) observe(counts.duration, ms);
    await minute(1, { 'mail Mail.send': encodeCounts(counts) });
  });

  it('have counts, percentiles and how many took how long', async () => {
    const { body } = await dashboard.get<NamesAnswer>('names');
    expect(body.names).toMatchObject([{ task: 'Mail.send', queue: 'mail', done: 3, failed: 1 }]);
    const taken = body.upToMs.flatMap((upTo, at) =>
      body.names[0]?.counts[at] ? [[upTo, body.names[0].counts[at]]] : [],
    );
    expect(taken).toEqual([
      [5, 2],
      [250, 1],
      [null, 1],
    ]);
  });

  it('each have a page with a chart; one that has not run has no figures', async () => {
    const { body } = await dashboard.get<NameAnswer>('name', { task: 'Mail.send' });
    expect(body.names).toHaveLength(1);
    expect(body.chart.failed.filter(Boolean)).toEqual([1]);
    const other = await dashboard.get<NameAnswer>('name', { task: 'Mail.other' });
    expect(other.body.names).toEqual([]);
    expect(other.body.chart.failed.filter(Boolean)).toEqual([]);
  });
});
