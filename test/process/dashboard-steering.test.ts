import type { Snapshot } from '../../src/dashboard/live/snapshot.js';
import { DashboardApp } from '../support/dashboard-app.js';
import { WorkerFixture } from '../support/worker-fixture.js';

type Worker = Snapshot['workers'][number];

let fixture: WorkerFixture;
let dashboard: DashboardApp;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
  dashboard = await DashboardApp.start(fixture.broker.server.url);
});
afterEach(async () => {
  await dashboard.close();
  fixture.open('gate');
  fixture.open('exclusive');
  await fixture.stop();
});

/** The only worker, as the page sees it, once it is as wanted. */
async function seen(what: string, wanted: (worker: Worker) => boolean): Promise<Worker> {
  let found: Worker | undefined;
  await fixture.until(what, async () => {
    const { body } = await dashboard.get<Snapshot>('snapshot');
    found = body.workers.find(wanted);
    return found !== undefined;
  });
  return found as Worker;
}

it('a child that is recycled from the page finishes its task, and another one takes its place', async () => {
  fixture.worker({ children: 1 });
  const id = await fixture.send('hold', ['active', 'gate']);
  const { pid } = await fixture.event('started', 'active');
  const worker = await seen('the task', ({ running }) => running === 1);
  expect(worker.children[0]).toMatchObject({ pid, active: [{ id, name: 'FixtureTasks.hold' }] });
  expect(await dashboard.post('workers/recycle', { worker: worker.id, child: pid })).toMatchObject({ status: 200 });
  const after = await seen('another child', ({ children }) =>
    children.some((child) => child.pid !== pid && child.state === 'running'),
  );
  expect(after.lastOrder).toMatchObject({ action: 'recycle', by: 'anna' });
  expect(after.children.find((child) => child.pid === pid)).toMatchObject({ running: 1 });
  fixture.open('gate');
  expect(await fixture.event('finished', 'active')).toMatchObject({ pid });
  await fixture.send('hold', ['next', 'gate']);
  await seen('what the other child has done', ({ children }) =>
    children.some((child) => child.pid !== pid && child.done === 1),
  );
});

it('a cron that is paused from the page fires no more, and again once it is resumed', async () => {
  fixture.worker({ children: 1, concurrency: 10 }, { WORKER_MODULE: 'crons' });
  const ran = (kind: string, count: number): Promise<void> =>
    fixture.until(`${kind} ran ${count} times`, () => fixture.events(kind).length >= count);
  const firedAt = async (): Promise<string | undefined> => {
    const { body } = await dashboard.get<{ cron: { lastFire?: string } }>('cron', { name: 'CronTasks.every' });
    return body.cron.lastFire;
  };
  await ran('every', 3);
  expect(await dashboard.post('crons/pause', { cron: 'CronTasks.every' })).toMatchObject({ status: 200 });
  const last = await firedAt();
  await ran('latest', fixture.events('latest').length + 5);
  // what was read before an action is forgotten
  await dashboard.post('crons/pause', { cron: 'CronTasks.every' });
  expect(await firedAt()).toBe(last);
  await dashboard.post('crons/resume', { cron: 'CronTasks.every' });
  await fixture.until('it fires again', async () => (await firedAt()) !== last);
});
