import type { History } from '../../src/dashboard/screens/overview/wire.js';
import { encodeCounts, noCounts, observe, type TaskCounts } from '../../src/task/task-counts.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { DashboardApp } from '../support/dashboard-app.js';

const MINUTE_MS = 60_000;

let fixture: BrokerFixture;
let dashboard: DashboardApp;
/** the beginning of the current minute */
let minute: number;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(async () => {
  dashboard = await DashboardApp.start(fixture.server.url);
  minute = Math.floor((await fixture.now()) / MINUTE_MS);
});
afterEach(async () => {
  await dashboard.close();
  await fixture.reset();
});
afterAll(() => fixture.stop());

function counts(given: Partial<TaskCounts>): string {
  return encodeCounts({ ...noCounts(), ...given });
}

async function inMinute(ago: number, fields: Record<string, string>): Promise<void> {
  await fixture.redis.hset(`{nestwork}:metrics:${minute - ago}`, fields);
}

/** The value of a line so many minutes ago. */
function back({ first }: History, line: readonly unknown[], ago: number): unknown {
  return line[minute - ago - first / MINUTE_MS];
}

describe('the history', () => {
  it('has a value for each minute of an hour, and null where nobody knows', async () => {
    const { duration, waiting } = noCounts();
    for (let ms = 1; ms <= 100; ms += 1) observe(duration, ms);
    observe(waiting, 50);
    await inMinute(5, { 'mail A.a': counts({ done: 7, dead: 2, duration, waiting }), mail: 'pending 4 scheduled 1' });
    await inMinute(4, { mail: 'pending 9' });
    const { status, body } = await dashboard.get<History>('history', { span: 'hour' });
    expect([status, body.minutes]).toEqual([200, 1]);
    // the minute may have changed on the way
    expect([60, 61]).toContain(body.out.length);
    const at = (ago: number): unknown[] =>
      [body.in, body.out, body.dead, body.run99, body.wait99].map((line) => back(body, line, ago));
    expect(at(5)).toEqual([13, 9, 2, expect.closeTo(99, 0), expect.closeTo(50, -2)]);
    expect(at(4)).toEqual([null, 0, 0, null, null]);
    const [queue, ...others] = body.queues;
    expect([queue?.queue, others]).toEqual(['mail', []]);
    expect(back(body, queue?.depth ?? [], 5)).toBe(5);
    expect(back(body, queue?.in ?? [], 5)).toBe(13);
  });

  it('of a week has a value for each hour', async () => {
    const ten = Math.floor(minute / 10);
    await fixture.redis.hset(`{nestwork}:metrics10:${ten - 30}`, { 'mail A.a': counts({ done: 120 }) });
    const { body } = await dashboard.get<History>('history', { span: 'week' });
    expect(body.minutes).toBe(60);
    expect(body.out.length).toBe(168);
    expect(body.out.filter((value) => value !== 0)).toEqual([2]);
  });

  it('is read once for all who ask within a moment', async () => {
    await inMinute(5, { 'mail A.a': counts({ done: 1 }) });
    const before = await dashboard.get<History>('history');
    await inMinute(5, { 'mail A.a': counts({ done: 2 }) });
    expect((await dashboard.get<History>('history')).body).toEqual(before.body);
  });

  it('of an unknown time is refused', async () => {
    const { status, body } = await dashboard.get<{ message: string }>('history', { span: 'year' });
    expect([status, body.message]).toEqual([400, expect.stringContaining('"year"')]);
  });
});
