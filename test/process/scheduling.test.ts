import { idOf } from '../support/broker-fixture.js';
import { WorkerFixture } from '../support/worker-fixture.js';

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => fixture.stop());

const PREFIX = '{nestwork}:';

describe('a scheduled task', () => {
  it('runs once it is due, and not before', async () => {
    fixture.worker({ children: 1 });
    await fixture.sender('run').delay('ready');
    await fixture.event('run', 'ready');
    const sentAt = Date.now();
    const run = fixture.sender('run');
    // in one turn, so that none is due before the others are there
    await Promise.all([
      run.with({ eta: new Date(sentAt - 5_000) }).delay('past'),
      run.with({ delay: 300 }).delay('later'),
      run.with({ eta: new Date(sentAt + 200) }).delay('sooner'),
    ]);
    await fixture.event('run', 'later');
    expect(Date.now() - sentAt).toBeGreaterThanOrEqual(299);
    await fixture.drained();
    expect(fixture.events('run').map(({ label }) => label)).toEqual(['ready', 'past', 'sooner', 'later']);
  });

  it('wakes the promoter, which sleeps until a later one is due', async () => {
    fixture.worker({ children: 1 });
    await fixture.sender('run').delay('ready');
    await fixture.event('run', 'ready');
    await fixture.sender('run').with({ delay: '1h' }).delay('late');
    await fixture.sender('run').with({ delay: 50 }).delay('early');
    await fixture.event('run', 'early');
    expect(await fixture.broker.redis.zcard(`${PREFIX}scheduled:default`)).toBe(1);
    expect(fixture.events('run', 'late')).toEqual([]);
  });

  it('keeps the order of tasks that are due in the same instant', async () => {
    const labels = Array.from({ length: 3_000 }, (_, index) => `${index}`);
    const eta = new Date(Date.now() + 2_000);
    const handles = await fixture
      .sender('run')
      .with({ eta })
      .delayMany(labels.map((label) => [label]));
    // no child takes them from their queue: a blocked child releases the tasks that it has not started, behind others
    fixture.worker({ children: 1, queues: ['urgent'] });
    const { redis } = fixture.broker;
    await fixture.until('all are due', async () => (await redis.llen(`${PREFIX}queue:default`)) === labels.length);
    const queued = await redis.lrange(`${PREFIX}queue:default`, 0, -1);
    expect(queued.map(idOf)).toEqual(handles.map(({ id }) => id));
    fixture.worker({ children: 1 });
    await fixture.drained();
    const ran = fixture.events('run').map(({ label }) => label);
    expect(ran.sort()).toEqual(labels.sort());
  });

  it('survives the death of every worker', async () => {
    const first = fixture.worker({ children: 1, lease: '1s' });
    await fixture.sender('run').delay('ready');
    await fixture.event('run', 'ready');
    await fixture.sender('run').with({ delay: 1_500 }).delay('scheduled');
    first.kill('SIGKILL');
    await first.ended();
    fixture.worker({ children: 1 });
    await fixture.event('run', 'scheduled');
    await fixture.drained();
    expect(fixture.events('run', 'scheduled')).toHaveLength(1);
  });

  it('is dead as expired when no worker starts it in time', async () => {
    const sent = fixture.sender('run').with({ expires: 1 });
    const { id } = await sent.delay('expired');
    await fixture.until('it is late', async () => Date.now() - (await ageOf(id)) > 1);
    fixture.worker({ children: 1 });
    await fixture.sender('run').with({ expires: '1h' }).delay('in time');
    await fixture.event('run', 'in time');
    await fixture.drained();
    expect((await fixture.dead(id))?.report).toMatchObject({ code: 'TASK_EXPIRED', task: 'FixtureTasks.run' });
    expect(fixture.events('run', 'expired')).toEqual([]);
  });
});

/** When the task at the head of the queue was enqueued. */
async function ageOf(id: string): Promise<number> {
  const [message = ''] = await fixture.broker.redis.lrange(`${PREFIX}queue:default`, 0, 0);
  return message.startsWith(id) ? Number.parseInt(message.slice(25, 34), 36) : Date.now();
}
