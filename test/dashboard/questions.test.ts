import { questionOn } from '../../src/dashboard/http/matching-question.js';
import type { ActionQuestion } from '../../src/dashboard/http/question.js';
import { purgeQuestion } from '../../src/dashboard/screens/queues/questions.js';
import { Inspector } from '../../src/inspector/inspector.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { DashboardApp } from '../support/dashboard-app.js';
import { seedDead } from '../support/dead-tasks.js';
import { publishWorker } from '../support/worker-digests.js';

let fixture: BrokerFixture;
let dashboard: DashboardApp;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(async () => {
  dashboard = await DashboardApp.start(fixture.server.url);
});
afterEach(async () => {
  await dashboard.close();
  await fixture.reset();
});
afterAll(() => fixture.stop());

async function asked(path: string, query: Readonly<Record<string, string>>): Promise<ActionQuestion> {
  const { status, body } = await dashboard.get<ActionQuestion>(path, query);
  expect([status, body]).toEqual([200, expect.anything()]);
  return body;
}

describe('the question before an order to a worker', () => {
  it('says what becomes of its tasks, and which queues nobody else would serve', async () => {
    const worker = await publishWorker(fixture, {}, ['mail', 'bulk']);
    await publishWorker(fixture, {}, ['mail']);
    const quiet = await asked('workers/quiet', { worker });
    expect(quiet).toMatchObject({ title: 'Quiet test, process 1?', main: 'Quiet the worker' });
    expect(quiet.lines[0]).toBe('It claims nothing more. Its active task goes on.');
    expect(quiet.lines[2]).toBe('No other worker claims from bulk: those tasks wait.');
    expect(await asked('workers/stop', { worker })).toMatchObject({ grave: true, main: 'Stop the worker' });
    expect(await asked('workers/recycle', { worker })).toMatchObject({ main: 'Recycle 1 child' });
    const child = await asked('workers/recycle', { worker, child: '4711' });
    expect([child.main, child.lines[1]]).toEqual(['Recycle child 4711', 'Its active task finishes first.']);
  });

  it('does nothing', async () => {
    const worker = await publishWorker(fixture);
    for (const path of ['workers/quiet', 'workers/stop', 'workers/recycle']) await asked(path, { worker });
    expect(await fixture.redis.xlen('{nestwork}:broadcasts')).toBe(0);
    expect(dashboard.audited).toEqual([]);
  });

  it('about one that is gone is answered as the order would be', async () => {
    expect((await dashboard.get('workers/stop', { worker: 'none' })).status).toBe(404);
  });
});

describe('the question about a queue', () => {
  it('says how many tasks wait, and who paused it', async () => {
    await publishWorker(fixture, {}, ['mail']);
    await fixture.broker.enqueue('mail', [fixture.message('A.a'), fixture.message('A.a')]);
    await new Inspector(fixture.broker).queues.pause('mail', { by: 'anna', reason: 'a deploy' });
    expect((await asked('queues/resume', { queue: 'mail' })).lines).toEqual([
      'anna paused it: a deploy.',
      '2 tasks wait; workers start them at once.',
    ]);
    expect((await asked('queues/purge', { queue: 'mail' })).lines[0]).toContain('2 tasks wait.');
    expect((await asked('queues/pause', { queue: 'mail' })).title).toBe('Pause queue mail?');
  });
});

describe('the question about one task', () => {
  it('says what becomes of it, by its state', async () => {
    await publishWorker(fixture, {}, ['mail', 'default']);
    const message = fixture.message('A.a');
    await fixture.broker.enqueue('mail', [message]);
    const id = idOf(message);
    expect(await asked('task/cancel', { id })).toEqual({
      title: 'Cancel A.a?',
      lines: ['It is removed from where it waits.', 'It never runs again.'],
      main: 'Cancel the task',
      close: 'Keep it',
      grave: true,
    });
    const [dead = ''] = await seedDead(fixture, [{}]);
    expect(await asked('dead/redrive', { id: idOf(dead) })).toMatchObject({
      title: 'Redrive Some.task?',
      main: 'Redrive',
    });
    expect(await asked('dead/delete', { id: idOf(dead) })).toMatchObject({ main: 'Delete the task', grave: true });
  });
});

describe('the question about many tasks', () => {
  it('names their number, which must be typed before many are deleted', async () => {
    expect(await asked('tasks/cancel', { count: '3' })).toMatchObject({
      title: 'Cancel 3 tasks?',
      main: 'Cancel 3 tasks',
    });
    expect((await asked('dead/delete-many', { count: '99' })).typed).toBeUndefined();
    expect((await asked('dead/delete-many', { count: '100' })).typed).toBe('100');
    expect((await asked('dead/redrive-many', { count: '100' })).typed).toBeUndefined();
  });

  it.each([
    [{ matching: 3, looked: 9, left: 0 }, undefined],
    [{ matching: 100, looked: 100, left: 0 }, '100'],
    // what was counted is only a part
    [{ matching: 3, looked: 9, left: 1 }, '3'],
  ])('of which %j were found asks for a number to be typed', ({ matching, looked, left }, typed) => {
    expect(questionOn('delete', { matching, looked, left, asked: 3, denied: 0 }).typed).toBe(typed);
    expect(questionOn('redrive', { matching, looked, left, asked: 3, denied: 0 }).typed).toBeUndefined();
    expect(purgeQuestion('mail', { matching, looked, total: looked + left }).typed).toBe(typed);
  });

  it('of which none was found has nothing to press', () => {
    expect(purgeQuestion('mail', { matching: 0, looked: 9, total: 9 }).main).toBeUndefined();
    for (const left of [0, 7]) {
      const { title, main, typed } = questionOn('delete', { matching: 0, looked: 9, left, asked: 0, denied: 0 });
      expect(title).toMatch(/^No dead task matches/);
      expect([main, typed]).toEqual([undefined, undefined]);
    }
  });

  it('counts no task that the person may not act on, as far as rights were asked', () => {
    const all = { matching: 3, looked: 3, left: 0, asked: 3 };
    expect(questionOn('delete', { ...all, denied: 1 })).toMatchObject({
      title: 'Delete 2 tasks?',
      main: 'Delete 2',
      lines: expect.arrayContaining(['Passed over: 1 task that you may not act on.']),
    });
    const none = questionOn('delete', { ...all, denied: 3 });
    expect([none.title, none.main]).toEqual(['You may not delete the 3 tasks that match.', undefined]);
    const sample = { matching: 50, looked: 50, left: 0, asked: 5 };
    const passed = 'Some may be passed over: of 5 that were checked, you may act on 4.';
    expect(questionOn('redrive', { ...sample, denied: 1 }).lines).toContain(passed);
    expect(questionOn('redrive', { ...sample, asked: 0, denied: 0 }).lines.join()).not.toContain('passed over');
    expect(questionOn('run', { ...all, denied: 3 }).lines).toEqual([
      'The right "reschedule" is missing for each of them.',
    ]);
  });
});
