import { counted } from '../support/broker-fixture.js';
import { isAlive, WorkerFixture } from '../support/worker-fixture.js';

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => fixture.stop());

describe('a child that dies', () => {
  it('by SIGKILL during a task: the task runs again and finishes', async () => {
    const worker = fixture.worker({ children: 2 });
    await fixture.send('hold', ['work', 'gate']);
    const { pid } = await fixture.event('started', 'work');
    process.kill(pid, 'SIGKILL');
    await fixture.until('it runs again', () => fixture.events('started', 'work').length === 2);
    fixture.open('gate');
    await fixture.drained();
    expect(fixture.events('finished')).toMatchObject([{ label: 'work', attempt: 2 }]);
    await fixture.logged(worker, 'died (SIGKILL)');
    await fixture.until('it is replaced', () => fixture.events('booted').length === 3);
  });

  it('three times during the same task: that task is dead, and the tasks beside it have run', async () => {
    const { broker } = fixture;
    const poison = broker.message('FixtureTasks.exit', 'poison');
    const companions = [0, 1, 2, 3].map((index) => broker.message('FixtureTasks.run', `companion ${index}`));
    await broker.broker.enqueue('default', [poison, ...companions]);
    fixture.worker({ children: 1 });
    for (const start of [1, 2, 3])
      await fixture.until(`start ${start}`, () => fixture.events('started', 'poison').length === start);
    await fixture.drained();
    expect(fixture.events('started', 'poison').map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    const ran = fixture.events('run').map(({ label, attempt }) => [label, attempt]);
    expect(ran.sort()).toEqual([0, 1, 2, 3].map((index) => [`companion ${index}`, 1]));
    expect(await broker.redis.zrange('{nestwork}:dead:default', '0', '-1')).toEqual([poison.slice(0, 20)]);
    expect(await broker.redis.hget('{nestwork}:dead-records:default', poison.slice(0, 20))).toContain('"CRASHED"');
  });

  it('while it runs several tasks: each of them runs alone next, and only the one that kills it counts a crash', async () => {
    fixture.worker({ children: 1, concurrency: 3 });
    await fixture.send('hold', ['a', 'gate']);
    await fixture.send('hold', ['b', 'gate']);
    await fixture.until('both run', () => fixture.events('started').length === 2);
    await fixture.send('exit', ['poison']);
    await fixture.until('one of them runs again', () => fixture.events('started').length >= 4);
    fixture.open('gate');
    await fixture.drained();
    // once beside the others, then alone until it is out
    expect(fixture.events('started', 'poison').map(({ attempt }) => attempt)).toEqual([1, 1, 2, 3]);
    expect(
      fixture
        .events('finished')
        .map(({ label, attempt }) => [label, attempt])
        .sort(),
    ).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    expect(await fixture.broker.redis.zcard('{nestwork}:dead:default')).toBe(1);
  });
});

describe('an uncaught error', () => {
  it.each([
    ['thrown', 'TypeError'],
    ['rejected', 'RangeError'],
    ['blocked', 'TypeError'],
  ])('(%s) is in the log, the history and the report of its task', async (how, name) => {
    const worker = fixture.worker({ children: 1 });
    const id = await fixture.send('throwUncaught', ['poison', how]);
    await fixture.until('it is dead', async () => (await fixture.dead(id)) !== undefined);
    const error = `of an uncaught error: ${name}: uncaught: poison`;
    const { report, attempts } = (await fixture.dead(id)) ?? {};
    const history = `Its process died (exit code 1) ${error}`;
    expect(attempts?.map((attempt) => attempt.error)).toEqual([history, history, history]);
    expect(report).toMatchObject({ code: 'CRASHED', error: expect.stringContaining(error) });
    expect(report?.stack).toContain('fixture-tasks.js');
    const died = `died (exit code 1, uncaught in FixtureTasks.throwUncaught ${id}: ${name}: uncaught: poison)`;
    await fixture.until('it is logged', () => worker.lines(died).length === 3);
  });

  it('beside others counts only for the task that threw it, and is recorded for no other', async () => {
    const worker = fixture.worker({ children: 1, concurrency: 2 });
    await fixture.send('hold', ['companion', 'gate']);
    await fixture.event('started', 'companion');
    const id = await fixture.send('throwUncaught', ['poison', 'thrown']);
    await fixture.logged(worker, '1 given back, 1 to run again alone after a crash');
    await fixture.until('the companion runs again', () => fixture.events('started', 'companion').length >= 2);
    fixture.open('gate');
    await fixture.until('it is dead', async () => (await fixture.dead(id)) !== undefined);
    expect((await fixture.dead(id))?.attempts.map(({ error }) => error)).toEqual(
      Array(3).fill('Its process died (exit code 1) of an uncaught error: TypeError: uncaught: poison'),
    );
    expect(fixture.events('started', 'poison').map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    await fixture.drained();
    expect(fixture.events('finished', 'companion')).toMatchObject([{ attempt: 1 }]);
  });

  it('of code that an ended task left behind counts for no task, and the log names that task', async () => {
    const worker = fixture.worker({ children: 1, concurrency: 2 });
    const id = await fixture.send('leaveTimer', ['careless', 'late']);
    await fixture.event('run', 'careless');
    await fixture.send('hold', ['companion', 'gate']);
    await fixture.event('started', 'companion');
    fixture.open('late');
    await fixture.until('the companion runs again', () => fixture.events('started', 'companion').length === 2);
    await fixture.logged(worker, `uncaught in FixtureTasks.leaveTimer ${id}, which had ended: TypeError`);
    await fixture.logged(worker, 'tasks: 1 given back.');
    fixture.open('gate');
    await fixture.drained();
    expect(fixture.events('finished', 'companion')).toMatchObject([{ attempt: 1 }]);
    expect(fixture.events('run', 'careless')).toHaveLength(1);
  });
});

describe('an uncaught error that seems to come out of another task each time', () => {
  it('counts after some time for the task that ran each time', async () => {
    fixture.worker({ children: 1, concurrency: 2 });
    const id = await fixture.send('throwAsAnother', ['poison']);
    const attempts = [1, 1, 1, 1, 1, 1, 2, 3];
    for (const [index] of attempts.entries())
      await fixture.until(`start ${index + 1}`, () => fixture.events('started', 'poison').length > index);
    await fixture.until('it is dead', async () => (await fixture.dead(id)) !== undefined);
    expect(fixture.events('started', 'poison').map(({ attempt }) => attempt)).toEqual(attempts);
    await fixture.drained();
  });
});

describe('a child that is being replaced', () => {
  it('still counts a crash for the task that kills it', async () => {
    const { redis } = fixture.broker;
    const id = await fixture.send('exitWhenOpen', ['poison', 'gate']);
    // one task and it is worn, so its successor is on its way while it runs the poison
    fixture.worker({ children: 1, concurrency: 2, maxTasksPerChild: 1 });
    await fixture.event('started', 'poison');
    await fixture.send('run', ['worn']);
    await fixture.until('it was asked to end', () => fixture.events('booted').length === 2);
    fixture.open('gate');
    await fixture.until('the poison is dead', async () => (await redis.zcard('{nestwork}:dead:default')) === 1);
    expect(fixture.events('started', 'poison').map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(await redis.hget('{nestwork}:dead-records:default', id)).toContain('"CRASHED"');
  });
});

describe('a task whose process dies after it has returned', () => {
  it('does not run again, although no ack has reached Redis', async () => {
    fixture.worker({ children: 1 });
    await fixture.send('returnAndDie', ['done']);
    await fixture.until('the child was replaced', () => fixture.events('booted').length === 2);
    await fixture.send('run', ['after']);
    await fixture.event('run', 'after');
    await fixture.drained();
    expect(fixture.events('run', 'done')).toHaveLength(1);
  });
});

describe('a quarantined task', () => {
  it('does not delay the other tasks of a busy child with free slots', async () => {
    const { broker } = fixture;
    fixture.worker({ children: 2, concurrency: 3 });
    for (const label of ['a', 'b']) await fixture.send('hold', [label, 'gate']);
    await fixture.until('both run', () => fixture.events('started').length === 2);
    // placed by hand: a child that died would have to be empty-handed again in time
    const quarantined = counted(broker.message('FixtureTasks.run', 'quarantined'), { crashes: 1 });
    await broker.redis.setbit(
      `{nestwork}:seen:${quarantined.slice(0, 12)}:0`,
      Number.parseInt(quarantined.slice(12, 20), 36),
      1,
    );
    await broker.redis.rpush('{nestwork}:suspects:default', quarantined);
    const labels = Array.from({ length: 50 }, (_, index) => `ordinary ${index}`);
    for (const label of labels) await fixture.send('run', [label]);
    await fixture.until('all have run', () => labels.every((label) => fixture.events('run', label).length === 1));
    fixture.open('gate');
    expect(await fixture.event('run', 'quarantined')).toMatchObject({ attempt: 2 });
    await fixture.drained();
  });
});

describe('a supervisor that dies', () => {
  it('leaves no child behind, busy or blocked, and another machine runs its tasks', async () => {
    const doomed = fixture.worker({ children: 3, lease: '1s' });
    await fixture.send('block', ['blocked', 'gate']);
    await fixture.send('hold', ['waiting', 'gate']);
    await fixture.event('started', 'blocked');
    await fixture.event('started', 'waiting');
    await fixture.until('all have booted', () => fixture.events('booted').length === 3);
    const children = fixture.events('booted').map(({ pid }) => pid);
    doomed.kill('SIGKILL');
    await fixture.until('all children have ended', () => !children.some(isAlive));

    fixture.worker({ children: 2, lease: '1s' });
    await fixture.until('both run again', () => fixture.events('started').length === 4);
    fixture.open('gate');
    await fixture.drained();
    expect(
      fixture
        .events('finished')
        .map(({ label }) => label)
        .sort(),
    ).toEqual(['blocked', 'waiting']);
  });

  it('paused beyond its lease opens a new session, and the work of its children in the meantime changes nothing', async () => {
    const paused = fixture.worker({ children: 1, lease: '1s' });
    await fixture.send('hold', ['work', 'first']);
    await fixture.event('started', 'work');
    paused.kill('SIGSTOP');
    const other = fixture.worker({ children: 1, lease: '1s' });
    await fixture.until('the other runs it', () => fixture.events('started', 'work').length === 2);
    fixture.open('first');
    await fixture.drained();
    paused.kill('SIGCONT');
    await fixture.until('it starts over', () => paused.lines('starting over').length > 0);
    other.kill('SIGTERM');
    expect(await other.ended()).toBe(0);
    await fixture.send('run', ['afterwards']);
    await fixture.event('run', 'afterwards');
    expect(await fixture.broker.redis.exists('{nestwork}:dead:default')).toBe(0);
  });
});

it('a logger that throws in the supervisor ends neither the supervisor nor the tasks of others', async () => {
  const worker = fixture.worker({ children: 2 }, { BROKEN_LOGGER: 'yes' });
  await fixture.send('hold', ['struck', 'gate']);
  const { pid } = await fixture.event('started', 'struck');
  process.kill(pid, 'SIGKILL');
  await fixture.until('it runs again', () => fixture.events('started', 'struck').length === 2);
  worker.kill('SIGTERM');
  fixture.open('gate');
  expect(await worker.ended()).toBe(0);
  expect(fixture.events('finished', 'struck')).toHaveLength(1);
});
