import { attemptsOf } from '../../src/message/attempt-record.js';
import { decodeMessage } from '../../src/message/task-message.js';
import { WorkerFixture } from '../support/worker-fixture.js';
import type { Event } from './fixtures/events.js';

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => fixture.stop());

describe('a worker', () => {
  it('runs 20,000 tasks over four children, each exactly once', async () => {
    const labels = Array.from({ length: 20_000 }, (_, index) => String(index));
    fixture.worker({ children: 4 });
    await fixture.sendMany(
      'hold',
      [0, 1, 2, 3].map((index) => [`child ${index}`, 'gate']),
    );
    await fixture.until('all four are at work', () => fixture.events('started').length === 4);
    expect(new Set(fixture.events('started').map(({ pid }) => pid)).size).toBe(4);
    await fixture.sendMany(
      'run',
      labels.map((label) => [label]),
    );
    fixture.open('gate');
    await fixture.drained();
    const runs = fixture.events('run');
    expect(runs.map(({ label }) => Number(label)).sort((a, b) => a - b)).toEqual(labels.map(Number));
    expect(new Set(runs.map(({ pid }) => pid)).size).toBeGreaterThan(1);
    expect(runs.every(({ attempt }) => attempt === 1)).toBe(true);
  });

  it('runs tasks that come while it is idle, and claims nothing before it has booted', async () => {
    fixture.worker({ children: 1 });
    const booted = await fixture.event('booted', 'app');
    await fixture.send('run', ['later']);
    expect(await fixture.event('run', 'later')).toMatchObject({ pid: booted.pid, attempt: 1 });
  });

  it('runs the queues in the order in which they are declared', async () => {
    await fixture.send('run', ['bulk'], 'bulk');
    await fixture.send('run', ['normal'], 'default');
    await fixture.send('urgent', ['urgent'], 'urgent');
    fixture.worker({ children: 1 });
    await fixture.drained();
    expect(fixture.events('run').map(({ label }) => label)).toEqual(['urgent', 'normal', 'bulk']);
  });

  it('serves only the queues of its option `queues`', async () => {
    await fixture.send('run', ['bulk'], 'bulk');
    await fixture.send('run', ['normal'], 'default');
    await fixture.send('urgent', ['urgent'], 'urgent');
    fixture.worker({ children: 1, queues: ['default', 'bulk'], excludeQueues: ['bulk'] });
    await fixture.event('run', 'normal');
    await fixture.until('only the others are left', async () => {
      return (
        Object.keys(await fixture.work())
          .sort()
          .join() === 'queue:bulk,queue:urgent'
      );
    });
  });

  it('runs several tasks at once in a child', async () => {
    fixture.worker({ children: 1, concurrency: 3 });
    for (const label of ['a', 'b', 'c', 'd']) await fixture.send('hold', [label, 'gate']);
    await fixture.until('three have started', () => fixture.events('started').length === 3);
    fixture.open('gate');
    await fixture.drained();
    expect(fixture.events('finished')).toHaveLength(4);
  });

  it('logs each line of a task with the task', async () => {
    const worker = fixture.worker({ children: 1 });
    const id = await fixture.send('log', ['hello from within']);
    await fixture.until('the line is there', () => worker.lines('hello from within').length > 0);
    expect(worker.lines('hello from within')[0]).toContain(`FixtureTasks.log ${id} #1`);
  });

  it('keeps a task that fails among the dead, with its error', async () => {
    fixture.worker({ children: 1 });
    const id = await fixture.send('fail', ['no luck']);
    await fixture.until('it is dead', async () => (await fixture.broker.redis.zcard('{nestwork}:dead:default')) === 1);
    const [report] = (await fixture.broker.redis.hget('{nestwork}:dead-records:default', id))?.split('\n') ?? [];
    expect(JSON.parse(report ?? '')).toMatchObject({
      code: 'TASK_FAILED',
      error: 'Error: failed: no luck',
      task: 'FixtureTasks.fail',
      attempt: 1,
      stack: expect.stringContaining('fixture-tasks'),
    });
  });

  it('parks a task that it does not have, and logs the remedy', async () => {
    const worker = fixture.worker({ children: 1 });
    const id = await fixture.send('toString', []);
    const parked = (): Promise<string[]> => fixture.broker.redis.zrange('{nestwork}:scheduled:default', '0', '-1');
    await fixture.until('it is parked', async () => (await parked()).length === 1);
    const [message = ''] = await parked();
    expect(decodeMessage(message)).toMatchObject({ id, failures: 0, tried: true });
    expect(attemptsOf(message)).toMatchObject([{ code: 'UNKNOWN_TASK' }]);
    await fixture.logged(worker, 'No provider of this worker has a task named "FixtureTasks.toString"');
  });
});

describe('a task that sends a message of its own to the supervisor', () => {
  it('has no effect, and the log has the remedy', async () => {
    const worker = fixture.worker({ children: 1 });
    await fixture.send('babble', ['babble']);
    await fixture.send('run', ['after']);
    await fixture.event('run', 'after');
    await fixture.drained();
    await fixture.logged(worker, 'MALFORMED_IPC');
    await fixture.logged(worker, 'Do not use process.send()');
    expect(fixture.events('booted')).toHaveLength(1);
  });
});

describe('a task that blocks its child', () => {
  it('does not delay the other tasks that the child has claimed', async () => {
    const fast = Array.from({ length: 2_000 }, (_, index) => [`warm-up ${index}`]);
    await fixture.sendMany('run', fast);
    fixture.worker({ children: 2 });
    await fixture.drained();
    // both children expect short tasks now, so one claims the blocking task together with those behind it
    const { broker } = fixture;
    const messages = [
      broker.message('FixtureTasks.block', 'blocker', 'gate'),
      ...Array.from({ length: 5 }, (_, index) => broker.message('FixtureTasks.run', `behind ${index}`)),
    ];
    await broker.broker.enqueue('default', messages);
    const blocker = await fixture.event('started', 'blocker');
    const behind = (): Event[] => fixture.events('run').filter(({ label }) => label.startsWith('behind'));
    await fixture.until('all behind it have run', () => behind().length === 5);
    // the other child may have claimed some of them by itself, before it got those that were given back
    expect(
      behind()
        .map(({ label }) => label)
        .sort(),
    ).toEqual([0, 1, 2, 3, 4].map((index) => `behind ${index}`));
    expect(behind().every(({ pid }) => pid !== blocker.pid)).toBe(true);
    fixture.open('gate');
    await fixture.drained();
    expect(fixture.events('finished')).toHaveLength(1);
  });
});
