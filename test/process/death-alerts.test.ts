import { WorkerFixture } from '../support/worker-fixture.js';

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => fixture.stop());

describe('onTaskDead is called once for each death', () => {
  it('of each kind, by any of the children', async () => {
    fixture.worker({ children: 2 }, { WORKER_MODULE: 'alerts' });
    const deaths = ['FixtureTasks.fail TASK_FAILED', 'FixtureTasks.forEver HARD_TIMEOUT', 'FixtureTasks.exit CRASHED'];
    await fixture.sender('fail').with({ retries: 1, backoff: 1 }).delay('label');
    await fixture.event('died', deaths[0] as string);
    await fixture.sender('forEver').delay('late', 'block');
    await fixture.event('died', deaths[1] as string);
    await fixture.send('exit', ['crash']);
    await fixture.event('died', deaths[2] as string);
    expect(fixture.events('died').map(({ label }) => label)).toEqual(deaths);
  });

  it('by a worker in the process of an app', async () => {
    fixture.app({}, { DEATH_ALERTS: 'yes' });
    await fixture.until('it listens', () => fixture.events('listening').length > 0);
    await fixture.sender('fail').with({ retries: 0 }).delay('label');
    await fixture.event('died', 'FixtureTasks.fail TASK_FAILED');
    expect(fixture.events('died')).toHaveLength(1);
  });
});
