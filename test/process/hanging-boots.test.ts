import { QueueHealth } from '../../src/inspector/queue-health.js';
import { KnownQueues } from '../../src/inspector/queues/known-queues.js';
import { isAlive, WorkerFixture } from '../support/worker-fixture.js';

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => fixture.stop());

const HANGING = { WORKER_MODULE: 'hangingBoot' };

describe('a child that hangs at its boot', () => {
  it('as a replacement leaves its queues unserved, and `QueueHealth` reports it', async () => {
    fixture.worker({ children: 1 }, HANGING);
    const health = new QueueHealth(fixture.broker.broker, KnownQueues.declared(['default']));
    const { pid } = await fixture.event('booted', 'app');
    await fixture.until('it serves', async () => (await health.check()).queues[0]?.served === true);
    fixture.open('hang');
    process.kill(pid, 'SIGKILL');
    await fixture.until('another is booting', () => fixture.events('booting').length === 2);
    await fixture.send('run', ['waiting']);
    expect(await health.check()).toMatchObject({
      healthy: false,
      queues: [{ served: false, reason: 'tasks wait, and no worker of this namespace serves the queue' }],
    });
  });

  it('as the first one ends the worker with code 1 after `bootTimeout`', async () => {
    fixture.open('hang');
    const worker = fixture.worker({ children: 2, bootTimeout: '1s' }, HANGING);
    expect(await worker.ended()).toBe(1);
    await fixture.logged(worker, 'could not boot: it had not booted within its `bootTimeout` of 1 s');
  });

  it('at an import ends with its supervisor', async () => {
    const worker = fixture.worker({ children: 1 }, {}, 'hanging-entry');
    const { pid } = await fixture.event('importing', 'app');
    worker.kill('SIGKILL');
    await fixture.until('it is gone', () => !isAlive(pid));
  });
});
