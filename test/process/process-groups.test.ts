import { isAlive, WorkerFixture, type WorkerProcess } from '../support/worker-fixture.js';

let fixture: WorkerFixture;
let detached: number[];
beforeEach(async () => {
  fixture = await WorkerFixture.start();
  detached = [];
});
afterEach(async () => {
  for (const pid of detached.filter(isAlive)) process.kill(pid, 'SIGKILL');
  await fixture.stop();
});

/** The process that a task has started and left behind. */
async function spawned(ofItsOwn = false): Promise<number> {
  const before = fixture.events('spawned').length;
  await fixture.send('startProcess', [ofItsOwn]);
  await fixture.until('a process is there', () => fixture.events('spawned').length > before);
  const pid = Number(fixture.events('spawned').at(-1)?.label);
  if (ofItsOwn) detached.push(pid);
  expect(isAlive(pid)).toBe(true);
  return pid;
}

async function gone(...pids: number[]): Promise<void> {
  await fixture.until(`${pids} are gone`, () => !pids.some(isAlive));
}

describe('a process that a task has started ends with its child', () => {
  it('that is killed for a hard timeout', async () => {
    fixture.worker({ children: 1 });
    const pid = await spawned();
    await fixture.send('forEver', ['hard', 'await']);
    await gone(pid);
  });

  it('that is killed for a cancelled task', async () => {
    fixture.worker({ children: 1, cancelGrace: '10ms' });
    const pid = await spawned();
    const handle = await fixture.sender('hold').delay('cancelled', 'gate');
    await fixture.event('started', 'cancelled');
    await handle.cancel();
    await gone(pid);
  });

  it('that is killed when the grace of a shutdown is over', async () => {
    const worker = fixture.worker({ children: 1, shutdownGrace: '10ms' });
    const pid = await spawned();
    await fixture.send('block', ['stubborn', 'gate']);
    await fixture.event('started', 'stubborn');
    worker.kill('SIGTERM');
    expect(await worker.ended()).toBe(0);
    await gone(pid);
  });

  it('that ends in order at a shutdown', async () => {
    const worker = fixture.worker({ children: 1 });
    const pid = await spawned();
    worker.kill('SIGTERM');
    expect(await worker.ended()).toBe(0);
    expect(fixture.events('destroyed')).toHaveLength(1);
    await gone(pid);
  });

  it('that is replaced', async () => {
    fixture.worker({ children: 1, maxTasksPerChild: 1 });
    await gone(await spawned());
  });

  it('that crashes', async () => {
    fixture.worker({ children: 1 });
    const pid = await spawned();
    await fixture.send('throwUncaught', ['crash', 'thrown']);
    await gone(pid);
  });

  it('that is killed from outside', async () => {
    fixture.worker({ children: 1 });
    const pid = await spawned();
    const { pid: child } = await fixture.event('booted', 'app');
    process.kill(child, 'SIGKILL');
    await gone(pid);
  });

  it.each(['hold', 'block'])('whose supervisor is killed, also while a task is to %s', async (task) => {
    const worker = fixture.worker({ children: 1 });
    const pid = await spawned();
    await fixture.send(task, ['running', 'gate']);
    const { pid: child } = await fixture.event('started', 'running');
    worker.kill('SIGKILL');
    await gone(child, pid);
  });
});

it('a process with a group of its own outlives the child of the task that started it', async () => {
  const worker = fixture.worker({ children: 1 });
  const pid = await spawned(true);
  worker.kill('SIGTERM');
  expect(await worker.ended()).toBe(0);
  expect(isAlive(pid)).toBe(true);
});

describe('a signal of a terminal to all processes in its foreground', () => {
  /** The worker alone is in the foreground; a process of a task is as far from it as its child. */
  async function busy(): Promise<{ worker: WorkerProcess; child: number }> {
    const worker = fixture.foreground({ children: 1, concurrency: 2 });
    await fixture.send('awaitProcess', ['running', 'gate']);
    const { pid: child } = await fixture.event('started', 'running');
    return { worker, child };
  }

  it('by Ctrl-C ends the worker in order: processes that a running task has started go on until the task has ended', async () => {
    const { worker } = await busy();
    worker.killGroup('SIGINT');
    await fixture.logged(worker, 'finishing the running tasks');
    fixture.open('gate');
    expect(await worker.ended()).toBe(0);
    expect(fixture.events('finished')).toMatchObject([{ label: 'it still runs' }]);
    expect(fixture.events('destroyed')).toHaveLength(1);
  });

  it('by a second Ctrl-C ends it at once', async () => {
    const { worker } = await busy();
    worker.killGroup('SIGINT');
    await fixture.logged(worker, 'finishing the running tasks');
    expect(await worker.insist(() => worker.killGroup('SIGINT'))).toBe(0);
    expect(fixture.events('finished')).toEqual([]);
    expect(fixture.events('destroyed')).toEqual([]);
  });

  it('by the hang-up when it is closed ends the worker in order, with its children', async () => {
    const { worker, child } = await busy();
    const pid = await spawned();
    worker.killGroup('SIGHUP');
    await fixture.logged(worker, 'finishing the running tasks');
    fixture.open('gate');
    expect(await worker.ended()).toBe(0);
    await gone(child, pid);
  });
});
