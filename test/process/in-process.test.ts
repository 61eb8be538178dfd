import { isAlive, WorkerFixture } from '../support/worker-fixture.js';

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => fixture.stop());

const SLOW = ['FarModule', 'FarProvider', 'NearProvider', 'SlowModule'];

/** Labels of the events before the first task ran. */
function labelsBeforeTasks(kind: string): string[] {
  const events = fixture.events();
  const first = events.findIndex((event) => event.kind === 'run');
  return events
    .slice(0, first)
    .filter((event) => event.kind === kind)
    .map(({ label }) => label)
    .sort();
}

describe('no task is consumed before every hook of the boot is over', () => {
  beforeEach(() => fixture.send('run', ['early']));

  it('in a child of a worker', async () => {
    fixture.worker({ children: 1 }, { WORKER_MODULE: 'slow' });
    await fixture.event('run', 'early');
    expect(labelsBeforeTasks('initialised')).toEqual(SLOW);
    expect(labelsBeforeTasks('bootstrapped')).toEqual(SLOW);
  });

  it('in a worker within the app', async () => {
    fixture.app();
    await fixture.event('run', 'early');
    expect(labelsBeforeTasks('initialised')).toEqual(SLOW);
    expect(labelsBeforeTasks('bootstrapped')).toEqual(SLOW);
  });
});

it('a child of a worker ignores `inProcess`: there is one session', async () => {
  const worker = fixture.worker({ children: 1 }, { IN_PROCESS: 'yes' });
  await fixture.send('run', ['only']);
  await fixture.event('run', 'only');
  expect(await fixture.broker.redis.zcard('{nestwork}:sessions')).toBe(1);
  expect(fixture.events('run')[0]?.pid).not.toBe(worker.pid);
  expect(worker.output).not.toContain('within the app');
});

describe('an app that serves HTTP and runs a worker', () => {
  it('runs its own tasks in its own process', async () => {
    const app = fixture.app();
    const { label: url } = await listening();
    const sent = await fetch(`${url}/send`);
    expect(await sent.text()).toHaveLength(20);
    expect(await fixture.event('run', 'by http')).toMatchObject({ pid: app.pid });
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'on %s finishes running tasks, then destroys its providers, and ends',
    async (signal) => {
      const app = fixture.app();
      await fixture.send('hold', ['running', 'gate']);
      await fixture.event('started', 'running');
      const { label: url } = await listening();
      await fixture.send('run', ['waiting']);
      app.kill(signal);
      await fixture.until('it stops', () => app.lines('Finishing the running tasks').length === 1);
      // it still serves, and can still send
      expect((await fetch(`${url}/send`)).status).toBe(200);
      expect(fixture.events('destroyed')).toEqual([]);
      fixture.open('gate');
      expect(await app.ended()).toBe(signal);
      expect(fixture.events().slice(-2)).toMatchObject([{ kind: 'finished' }, { kind: 'destroyed' }]);
      expect(fixture.events('run')).toEqual([]);
      expect(await fixture.broker.redis.llen('{nestwork}:queue:default')).toBe(2);
      expect(await fixture.broker.redis.exists('{nestwork}:sessions')).toBe(0);
    },
  );

  it('on a second signal waits no longer, and gives back the tasks that it interrupted', async () => {
    const app = fixture.app();
    await fixture.send('untilAborted', ['obedient']);
    await fixture.event('started', 'obedient');
    await listening();
    app.kill('SIGTERM');
    await fixture.until('it stops', () => app.lines('Finishing the running tasks').length === 1);
    expect(await app.insist(() => app.kill('SIGTERM'))).toBe('SIGTERM');
    expect(fixture.events('aborted')).toHaveLength(1);
    const [message] = await fixture.broker.redis.lrange('{nestwork}:queue:default', 0, -1);
    expect(message?.slice(21, 25)).toBe('0000');
  });

  it('that is killed loses its tasks to another worker after its lease', async () => {
    const app = fixture.app({ lease: '1s' });
    await fixture.send('hold', ['orphan', 'gate']);
    await fixture.event('started', 'orphan');
    app.kill('SIGKILL');
    await app.ended();
    expect(isAlive(app.pid)).toBe(false);
    fixture.open('gate');
    const heir = fixture.app({ lease: '1s' });
    expect(await fixture.event('finished', 'orphan')).toMatchObject({ pid: heir.pid, attempt: 1 });
  });

  it('that blocks beyond its lease loses its task to another worker, and goes on with other tasks', async () => {
    const app = fixture.app({ lease: '1s' });
    await fixture.send('block', ['blocking', 'gate']);
    await fixture.event('started', 'blocking');
    // another worker renews meanwhile: without one, Redis would extend the leases for that time
    const other = fixture.worker({ children: 1, lease: '1s' });
    await fixture.until('the task runs elsewhere', () => fixture.events('started', 'blocking').length === 2);
    fixture.open('gate');
    await fixture.until('both have ended', () => fixture.events('finished', 'blocking').length === 2);
    await fixture.until('it starts over', () => app.lines('starting over').length === 1);
    await fixture.drained();
    other.kill('SIGTERM');
    await other.ended();
    await fixture.send('run', ['afterwards']);
    expect(await fixture.event('run', 'afterwards')).toMatchObject({ pid: app.pid });
  });
});

it('an app that blocks beyond its lease loses no task while it is the only worker', async () => {
  const app = fixture.app({ lease: '1s' });
  await fixture.send('block', ['blocking', 'gate']);
  await fixture.event('started', 'blocking');
  const [, deadline] = await fixture.broker.redis.zrange('{nestwork}:sessions', '0', '-1', 'WITHSCORES');
  const over = Number(deadline) + 500;
  await fixture.until('its lease has run out', async () => (await fixture.broker.now()) > over);
  fixture.open('gate');
  await fixture.drained();
  expect(fixture.events('started', 'blocking')).toHaveLength(1);
  expect(fixture.events('finished', 'blocking')).toHaveLength(1);
  expect(app.output).not.toContain('starting over');
});

async function listening(): Promise<{ label: string }> {
  await fixture.until('it listens', () => fixture.events('listening').length === 1);
  return fixture.events('listening')[0] as { label: string };
}
