import { WorkerFixture } from '../support/worker-fixture.js';

/** Where Redis is silent, its loss shows when a command is given up. */
const HASTY = { COMMAND_TIMEOUT: '1500ms' };

let fixture: WorkerFixture;
afterEach(() => fixture.stop());

async function started(redisArgs: readonly string[] = []) {
  fixture = await WorkerFixture.start(redisArgs);
  const worker = fixture.worker({ children: 3 });
  await fixture.until('all have booted', () => fixture.events('booted').length === 3);
  await fixture.send('run', ['before']);
  await fixture.event('run', 'before');
  return { worker, server: fixture.broker.server };
}

describe('a worker whose Redis', () => {
  it('is killed and comes back with its data finishes its tasks, claims again, and logs it once', async () => {
    const { worker, server } = await started(['--appendonly', 'yes', '--appendfsync', 'always']);
    await fixture.send('hold', ['through the outage', 'gate']);
    await fixture.event('started', 'through the outage');
    await fixture.send('run', ['waiting']);
    await server.kill('SIGKILL');
    await fixture.until('the loss is noticed', () => worker.lines('Lost Redis').length > 0);
    fixture.open('gate');
    await fixture.event('finished', 'through the outage');
    await server.restart();
    await fixture.until('it is back', () => worker.lines('is back after').length > 0);
    await fixture.event('run', 'waiting');
    await fixture.drained();
    expect(fixture.events('started', 'through the outage')).toHaveLength(1);
    expect(worker.lines('Lost Redis')).toHaveLength(1);
    expect(worker.lines('is back after')).toHaveLength(1);
    expect(worker.lines('Trying again')).toHaveLength(0);
  });

  it('comes back without its data opens a new session and claims again', async () => {
    const { worker, server } = await started();
    await server.kill('SIGKILL');
    await server.restart();
    await fixture.until('it starts over', () => worker.lines('starting over').length > 0);
    await fixture.send('run', ['after']);
    await fixture.event('run', 'after');
    await fixture.drained();
    expect(await fixture.broker.redis.hexists('{nestwork}:catalog', 'FixtureTasks.run')).toBe(1);
  });

  it('freezes for longer than the lease runs no task twice, and logs it once', async () => {
    fixture = await WorkerFixture.start();
    const worker = fixture.worker({ children: 3, lease: '1s' }, HASTY);
    await fixture.send('hold', ['through the freeze', 'gate']);
    await fixture.event('started', 'through the freeze');
    fixture.broker.server.pause();
    // commands are given up after longer than a lease, so that is over when this is logged
    await fixture.until('the loss is noticed', () => worker.lines('Lost Redis').length > 0);
    fixture.broker.server.resume();
    await fixture.until('it is back', () => worker.lines('is back after').length > 0);
    fixture.open('gate');
    await fixture.send('run', ['after']);
    await fixture.event('run', 'after');
    await fixture.drained();
    expect(fixture.events('started', 'through the freeze')).toHaveLength(1);
    expect(worker.lines('Lost Redis')).toHaveLength(1);
    expect(worker.lines('starting over')).toHaveLength(0);
  });

  it.each(['ALL', 'WRITE'])(
    'pauses clients (%s) for longer than the lease runs no task twice, and logs it once',
    async (mode) => {
      fixture = await WorkerFixture.start();
      const worker = fixture.worker({ children: 2, lease: '1s' }, HASTY);
      await fixture.send('hold', ['through the pause', 'gate']);
      await fixture.event('started', 'through the pause');
      const { redis } = fixture.broker;
      await redis.call('CLIENT', 'PAUSE', '3500', mode);
      const delayed = fixture.send('run', ['sent meanwhile']);
      await fixture.until('the loss is noticed', () => worker.lines('Lost Redis').length > 0);
      fixture.open('gate');
      await redis.del('nothing'); // a write: it is answered when the pause is over
      await delayed;
      await fixture.event('run', 'sent meanwhile');
      await fixture.send('run', ['after']);
      await fixture.event('run', 'after');
      await fixture.until('it is back', () => worker.lines('is back after').length > 0);
      await fixture.drained();
      for (const label of ['sent meanwhile', 'after']) expect(fixture.events('run', label)).toHaveLength(1);
      expect(fixture.events('started', 'through the pause')).toHaveLength(1);
      expect(worker.lines('Lost Redis')).toHaveLength(1);
      expect(worker.lines('is back after')).toHaveLength(1);
      expect(worker.lines('starting over')).toHaveLength(0);
    },
  );

  it('forgets its scripts and drops every connection loses and repeats no task', async () => {
    const { worker } = await started();
    const labels = Array.from({ length: 3_000 }, (_, index) => `task ${index}`);
    await fixture.sendMany(
      'run',
      labels.map((label) => [label]),
    );
    for (let round = 0; round < 10; round += 1) {
      await fixture.broker.redis.script('FLUSH');
      await fixture.broker.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    }
    await fixture.drained();
    const runs = fixture.events('run').map(({ label }) => label);
    expect(runs.sort()).toEqual([...labels, 'before'].sort());
    expect(worker.lines('died')).toHaveLength(0);
  });
});
