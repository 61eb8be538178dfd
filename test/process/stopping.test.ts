import { isAlive, WorkerFixture } from '../support/worker-fixture.js';

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => fixture.stop());

describe.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s', (signal) => {
  it('finishes running tasks, gives back the rest, closes the app last, and exits with 0', async () => {
    const worker = fixture.worker({ children: 1, concurrency: 2 });
    await fixture.send('hold', ['running', 'gate']);
    await fixture.event('started', 'running');
    worker.kill(signal);
    await fixture.until('it stops', () => worker.lines('finishing the running tasks').length === 1);
    await fixture.claimingOver();
    expect(fixture.events('destroyed')).toEqual([]);
    fixture.open('gate');
    expect(await worker.ended()).toBe(0);
    expect(
      fixture
        .events()
        .slice(-2)
        .map(({ kind }) => kind),
    ).toEqual(['finished', 'destroyed']);
    expect(Object.keys(await fixture.work())).toEqual(['queue:default']);
    expect(await fixture.broker.redis.exists('{nestwork}:sessions')).toBe(0);
  });
});

describe.each(['SIGTERM', 'SIGINT'] as const)('%s to the whole group', (signal) => {
  it('counts no crash against a task whose process exits by a listener of its own', async () => {
    await fixture.send('exitOnSignal', ['work', signal]);
    for (const deployment of [1, 2, 3]) {
      const worker = fixture.worker({ children: 1 });
      await fixture.until('it runs', () => fixture.events('started', 'work').length === deployment);
      const pid = fixture.events('started', 'work')[deployment - 1]?.pid as number;
      // the supervisor sees the end of the child no later than its own signal
      worker.kill('SIGSTOP');
      process.kill(pid, signal);
      await fixture.until('the child has ended', () => !isAlive(pid));
      worker.kill('SIGCONT');
      worker.kill(signal);
      expect(await worker.ended()).toBe(0);
      expect(worker.output).toContain('as the worker was being stopped; tasks: 1 given back.');
    }
    expect(fixture.events('started', 'work').map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
    expect(Object.keys(await fixture.work())).toEqual(['queue:default']);
  });
});

describe('when the grace is over', () => {
  it('a task that ends when its signal aborts is given back uncounted', async () => {
    const worker = fixture.worker({ children: 1, shutdownGrace: '10ms' });
    await fixture.send('untilAborted', ['obedient']);
    await fixture.event('started', 'obedient');
    worker.kill('SIGTERM');
    expect(await worker.ended()).toBe(0);
    expect(fixture.events().map(({ kind }) => kind)).toEqual(['booted', 'started', 'aborted', 'destroyed']);
    fixture.worker({ children: 1, shutdownGrace: '10ms' });
    await fixture.until('it runs again', () => fixture.events('started').length === 2);
    expect(fixture.events('started')[1]).toMatchObject({ attempt: 1 });
    expect(await fixture.broker.redis.exists('{nestwork}:dead:default')).toBe(0);
  });

  it('a task that blocks is killed and given back uncounted', async () => {
    const worker = fixture.worker({ children: 1, shutdownGrace: '10ms' });
    await fixture.send('block', ['stubborn', 'gate']);
    await fixture.event('started', 'stubborn');
    worker.kill('SIGTERM');
    expect(await worker.ended()).toBe(0);
    fixture.open('gate');
    fixture.worker({ children: 1 });
    await fixture.drained();
    expect(fixture.events('finished')).toMatchObject([{ label: 'stubborn', attempt: 1 }]);
  });
});

describe('a second signal', () => {
  it('ends the wait, and the task is given back uncounted', async () => {
    const worker = fixture.worker({ children: 1 });
    await fixture.send('hold', ['long', 'gate']);
    await fixture.event('started', 'long');
    worker.kill('SIGTERM');
    await fixture.until('it stops', () => worker.lines('finishing the running tasks').length === 1);
    expect(await worker.insist(() => worker.kill('SIGTERM'))).toBe(0);
    const [message] = await fixture.broker.redis.lrange('{nestwork}:queue:default', 0, -1);
    expect(message?.slice(21, 25)).toBe('0000');
  });
});

describe('signals that come together', () => {
  it('are one stop, and leave the running tasks their grace', async () => {
    const worker = fixture.worker({ children: 1 });
    await fixture.send('hold', ['long', 'gate']);
    await fixture.event('started', 'long');
    // as those of a service manager, or of a launcher, do
    worker.kill('SIGSTOP');
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGCONT'] as const) worker.kill(signal);
    await fixture.until('it stops', () => worker.lines('finishing the running tasks').length === 1);
    fixture.open('gate');
    expect(await worker.ended()).toBe(0);
    expect(fixture.events('finished', 'long')).toHaveLength(1);
  });
});

describe('a worker whose output is closed', () => {
  it('works on, and finishes running tasks after a signal', async () => {
    const worker = fixture.worker({ children: 1, concurrency: 4 });
    await fixture.send('hold', ['running', 'gate']);
    const { pid } = await fixture.event('started', 'running');
    worker.closeOutput();
    await fixture.send('log', ['lost']);
    await fixture.send('log', ['lost as well']);
    await fixture.send('run', ['behind']);
    expect(await fixture.event('run', 'behind')).toMatchObject({ pid });
    worker.kill('SIGHUP');
    await fixture.claimingOver();
    fixture.open('gate');
    expect(await worker.ended()).toBe(0);
    expect(fixture.events('finished', 'running')).toMatchObject([{ pid, attempt: 1 }]);
  });
});

describe('a signal while Redis is away', () => {
  it('ends the worker', async () => {
    const worker = fixture.worker({ children: 2 });
    await fixture.send('hold', ['running', 'gate']);
    await fixture.event('started', 'running');
    await fixture.broker.server.kill();
    await fixture.until('the loss is logged', () => worker.lines('Lost Redis').length > 0);
    fixture.open('gate');
    await fixture.event('finished', 'running');
    worker.kill('SIGTERM');
    await fixture.until('it stops', () => worker.lines('finishing the running tasks').length === 1);
    // the second signal ends the child that waits to ack its task
    expect(await worker.insist(() => worker.kill('SIGTERM'))).toBe(0);
    await fixture.broker.server.restart();
  });
});

describe('a worker that cannot start', () => {
  it.each([
    ['without Redis', {}, { REDIS_URL: 'redis://127.0.0.1:1', COMMAND_TIMEOUT: '1s' }, 'need Redis to start'],
    ['without the module', {}, { WORKER_MODULE: 'empty' }, 'does not import TaskQueueModule'],
    ['with an app that throws', {}, { WORKER_MODULE: 'broken' }, 'broken on purpose'],
    ['with a queue that is not declared', { queues: ['nope'] }, {}, 'Queue "nope"'],
    ['with no queue left', { excludeQueues: ['urgent', 'default', 'bulk'] }, {}, 'leave no queue'],
    ['with no children', { children: 0 }, {}, 'The option `children` is 0'],
    ['with a bad duration', { shutdownGrace: 'soon' as never }, {}, 'INVALID_DURATION'],
  ])('%s logs why and exits with 1', async (_what, options, environment, reason) => {
    const worker = fixture.worker({ children: 2, ...options }, environment);
    expect(await worker.ended()).toBe(1);
    expect(worker.output).toContain(reason);
  });
});
