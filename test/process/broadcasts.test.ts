import { readFileSync } from 'node:fs';
import type { BroadcastOutcome, RecordedGap } from '../../src/broker/port/broker.js';
import { NestworkError } from '../../src/errors.js';
import type { WorkerOptions } from '../../src/options/options.js';
import { isAlive, WorkerFixture } from '../support/worker-fixture.js';

let fixture: WorkerFixture;
afterEach(() => fixture.stop());

/** Sends calls of one broadcast in one go, again and again until the outcome is known. Resolves to their ids. */
async function broadcast(method: string, ...calls: unknown[][]): Promise<string[]> {
  const messages = calls.map((args) => fixture.broker.message(`BroadcastTasks.${method}`, ...args));
  await fixture.until('the broadcasts are sent', () =>
    fixture.broker.broker.broadcast(messages).then(
      () => true,
      (error: unknown) => {
        if (error instanceof NestworkError && /^(ENQUEUE_UNCONFIRMED|REDIS_UNAVAILABLE)$/.test(error.code))
          return false;
        throw error;
      },
    ),
  );
  return messages.map((message) => message.slice(0, 20));
}

async function outcomes(id: string, count: number): Promise<BroadcastOutcome[]> {
  const { broadcasts } = fixture.broker.broker;
  await fixture.until(`${count} outcomes are recorded`, async () => (await broadcasts.outcomes(id)).length === count);
  return broadcasts.outcomes(id);
}

/** Workers of so many children each, all of them at work. */
async function started(workers: number, children: number, redisArgs: string[] = [], options: WorkerOptions = {}) {
  fixture = await WorkerFixture.start(redisArgs);
  const all = Array.from({ length: workers }, () => fixture.worker({ children, ...options }));
  await fixture.until('all have booted', () => fixture.events('booted').length === workers * children);
  await fixture.until('all are registered', async () => {
    const sessions = Object.entries(await fixture.broker.state()).filter(([key]) => key.startsWith('session:'));
    const fields = sessions.flatMap(([, session]) => Object.keys(session as object));
    return fields.filter((field) => !field.startsWith('@')).length === workers * children;
  });
  return { all, pids: fixture.events('booted').map(({ pid }) => pid) };
}

const pidsOf = (kind: string, label: string): number[] =>
  fixture
    .events(kind, label)
    .map(({ pid }) => pid)
    .sort();

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

describe('a broadcast', () => {
  it('runs in each child of each worker, with its context, and its outcome is recorded there', async () => {
    const { all, pids } = await started(2, 2);
    const [id = ''] = await broadcast('receive', ['hello']);
    await fixture.until('all have received', () => fixture.events('received', 'hello').length === 4);
    expect(pidsOf('received', 'hello')).toEqual([...pids].sort());
    const ended = await outcomes(id, 4);
    expect(ended.map(({ pid }) => pid).sort()).toEqual([...pids].sort());
    expect(ended.every(({ ok, error, durationMs }) => ok && error === undefined && durationMs !== undefined)).toBe(
      true,
    );
    for (const worker of all) await fixture.logged(worker, `BroadcastTasks.receive ${id} #1`, 2);
    expect(await fixture.broker.redis.ttl(`{nestwork}:broadcast:${id}`)).toBeGreaterThan(86_000);
  });

  it('of a thousand arrives everywhere once and in order, while connections are cut and Redis restarts', async () => {
    const { all, pids } = await started(2, 2, ['--appendonly', 'yes', '--appendfsync', 'always']);
    const labels = Array.from({ length: 1_000 }, (_, index) => String(index));
    for (let at = 0; at < labels.length; at += 50) {
      await broadcast('quietly', ...labels.slice(at, at + 50).map((label) => [label]));
      if (at === 500) await fixture.broker.server.restart();
      else await fixture.broker.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    }
    await fixture.until('all have received all', () => fixture.events('received').length >= 4_000);
    for (const pid of pids) {
      const received = fixture.events('received').filter((event) => event.pid === pid);
      expect(received.map(({ label }) => label)).toEqual(labels);
    }
    expect(all.flatMap((worker) => worker.lines('Missed'))).toEqual([]);
  });

  it('runs in a busy child beside its task, and in a blocked one when it unblocks', async () => {
    const { pids } = await started(1, 2);
    await fixture.send('hold', ['busy', 'gate']);
    const busy = await fixture.event('started', 'busy');
    await fixture.send('block', ['blocked', 'other gate']);
    const blocked = await fixture.event('started', 'blocked');
    expect([busy.pid, blocked.pid].sort()).toEqual([...pids].sort());
    await broadcast('quietly', ['first'], ['second']);
    await fixture.until('the busy one has received', () => fixture.events('received').length === 2);
    expect(fixture.events('received').every(({ pid }) => pid === busy.pid)).toBe(true);
    fixture.open('other gate');
    await fixture.until('the blocked one has received', () => fixture.events('received').length === 4);
    expect(fixture.events('finished', 'busy')).toEqual([]);
    fixture.open('gate');
    await fixture.drained();
  });

  it('that was sent while the first child booted reaches the child', async () => {
    fixture = await WorkerFixture.start();
    fixture.worker({ children: 1 }, { BOOT_GATE: 'boot' });
    await fixture.event('booting', 'app');
    await broadcast('quietly', ['early']);
    fixture.open('boot');
    await fixture.event('received', 'early');
  });

  it('that was sent before the worker was started does not reach it', async () => {
    fixture = await WorkerFixture.start();
    await broadcast('quietly', ['old']);
    // a worker that learns the time late begins too early by that
    const sentAt = await fixture.broker.now();
    await fixture.until('a second has passed', async () => (await fixture.broker.now()) > sentAt + 1_000);
    fixture.worker({ children: 1 });
    await fixture.event('booted', 'app');
    await broadcast('quietly', ['new']);
    await fixture.event('received', 'new');
    expect(fixture.events('received', 'old')).toEqual([]);
  });

  it('reaches a child that is being replaced and still works, and its successor', async () => {
    fixture = await WorkerFixture.start();
    fixture.worker({ children: 1, concurrency: 2, maxTasksPerChild: 1 });
    await fixture.send('hold', ['long', 'gate']);
    await fixture.event('started', 'long');
    await fixture.send('run', ['short']);
    const old = await fixture.event('run', 'short');
    await fixture.until('the successor has booted', () => fixture.events('booted').length === 2);
    const successor = fixture.events('booted').find(({ pid }) => pid !== old.pid);
    await broadcast('quietly', ['to both']);
    await fixture.until('both have received', () => fixture.events('received').length === 2);
    expect(pidsOf('received', 'to both')).toEqual([old.pid, successor?.pid].sort());
    fixture.open('gate');
  });

  it('that fails is logged and recorded, and the child works on', async () => {
    const { all } = await started(1, 1);
    const [id = ''] = await broadcast('fail', ['no luck']);
    await broadcast('quietly', ['after']);
    await fixture.event('received', 'after');
    expect(await outcomes(id, 1)).toMatchObject([{ ok: false, error: 'RangeError: failed: no luck' }]);
    await fixture.logged(all[0], `Broadcast BroadcastTasks.fail ${id} failed: RangeError: failed: no luck`);
  });

  it('whose child is killed while it runs is recorded as failed, and does not run again', async () => {
    const { all } = await started(1, 2);
    const [id = '', waiting = ''] = await broadcast('hold', ['held', 'gate'], ['behind', 'gate']);
    await fixture.until('both have started', () => fixture.events('started', 'held').length === 2);
    const [victim] = fixture.events('started', 'held');
    process.kill(victim?.pid ?? 0, 'SIGKILL');
    await fixture.until('it is replaced', () => fixture.events('booted').length === 3);
    fixture.open('gate');
    const ended = await outcomes(id, 2);
    expect(ended.find(({ pid }) => pid === victim?.pid)).toMatchObject({
      ok: false,
      error: 'Its process ended (SIGKILL) before it had finished.',
    });
    expect((await outcomes(waiting, 2)).find(({ pid }) => pid === victim?.pid)).toMatchObject({
      ok: false,
      error: 'Its process ended (SIGKILL) before its turn.',
    });
    expect(fixture.events('started', 'held')).toHaveLength(2);
    await fixture.logged(all[0], `Broadcast BroadcastTasks.hold ${id} in child ${victim?.pid}`);
  });

  it('that ends its process counts no crash for the task that ran there', async () => {
    await started(1, 1);
    await fixture.sender('hold').delay('innocent', 'gate');
    const runs = (): number => fixture.events('started', 'innocent').length;
    for (let deaths = 0; deaths < 3; deaths += 1) {
      await fixture.until('the task runs', () => runs() === deaths + 1);
      await broadcast('exit', [`death ${deaths}`]);
    }
    await fixture.until('the task runs after all that', () => runs() === 4);
    fixture.open('gate');
    await fixture.event('finished', 'innocent');
    await fixture.drained();
    expect(new Set(fixture.events('started', 'innocent').map(({ attempt }) => attempt))).toEqual(new Set([1]));
  });

  it('may finish within the grace of a shutdown, then its signal aborts, then the app is closed', async () => {
    fixture = await WorkerFixture.start();
    const worker = fixture.worker({ children: 1, shutdownGrace: '200ms' });
    await fixture.event('booted', 'app');
    const [id = ''] = await broadcast('untilAborted', ['patient']);
    await fixture.event('started', 'patient');
    worker.kill('SIGTERM');
    expect(await worker.ended()).toBe(0);
    expect(fixture.events().map(({ kind }) => kind)).toEqual(['booted', 'started', 'aborted', 'destroyed']);
    expect(await outcomes(id, 1)).toMatchObject([{ ok: false, error: expect.stringContaining('SHUTDOWN') }]);
  });

  it('that no worker has is refused by each of them, in the log once and in the record', async () => {
    const { all } = await started(1, 1);
    const [id = ''] = await broadcast('nothing', [], []);
    expect(await outcomes(id, 1)).toMatchObject([{ ok: false, error: expect.stringContaining('no provider') }]);
    await broadcast('quietly', ['after']);
    await fixture.event('received', 'after');
    await fixture.logged(all[0], 'Did not run broadcast');
  });

  it('with the name of a task is refused, and so is a task with the name of a broadcast', async () => {
    await started(1, 1);
    const message = fixture.broker.message('FixtureTasks.run', 'wrong');
    await fixture.broker.broker.broadcast([message]);
    expect(await outcomes(message.slice(0, 20), 1)).toMatchObject([
      { ok: false, error: expect.stringContaining('@Task()') },
    ]);
    const other = fixture.broker.message('BroadcastTasks.quietly', 'wrong');
    await fixture.broker.broker.enqueue('default', [other]);
    await fixture.until('it is dead', async () => (await fixture.broker.redis.zcard('{nestwork}:dead:default')) === 1);
    expect(await fixture.broker.redis.hget('{nestwork}:dead-records:default', other.slice(0, 20))).toContain(
      'NOT_A_TASK',
    );
    expect([...fixture.events('run'), ...fixture.events('received')]).toEqual([]);
  });
});

describe('a broadcast on each machine', () => {
  it('runs in one child of one worker, in order', async () => {
    const { all } = await started(2, 2);
    const labels = Array.from({ length: 200 }, (_, index) => String(index));
    const ids = await broadcast('once', ...labels.map((label) => [label]));
    await fixture.until('all are done', () => fixture.events('received').length >= labels.length);
    expect(fixture.events('received').map(({ label }) => label)).toEqual(labels);
    expect(await outcomes(ids[0] ?? '', 1)).toMatchObject([{ ok: true }]);
    expect(all.flatMap((worker) => worker.lines('Did not run'))).toEqual([]);
  });

  it('runs in another child when the first one dies', async () => {
    await started(2, 1);
    const [id = ''] = await broadcast('holdOnce', ['held', 'gate']);
    const first = await fixture.event('started', 'held');
    process.kill(first.pid, 'SIGKILL');
    await fixture.until('another runs it', () => fixture.events('started', 'held').length === 2);
    fixture.open('gate');
    await fixture.event('finished', 'held');
    const ended = await outcomes(id, 2);
    expect(ended.find(({ pid }) => pid === first.pid)).toMatchObject({ ok: false });
    expect(ended.find(({ pid }) => pid !== first.pid)).toMatchObject({ ok: true });
  });

  it('runs in another worker when the first one stops without finishing it', async () => {
    const { all } = await started(2, 1, [], { shutdownGrace: 0 });
    const [id = ''] = await broadcast('holdOnce', ['held', 'gate']);
    const first = await fixture.event('started', 'held');
    all.find(({ pid }) => pid === parentOf(first.pid))?.kill('SIGTERM');
    await fixture.until('another runs it', () => fixture.events('started', 'held').length === 2);
    expect(isAlive(first.pid)).toBe(false);
    fixture.open('gate');
    await fixture.event('finished', 'held');
    expect((await outcomes(id, 2)).filter(({ ok }) => ok)).toHaveLength(1);
  });

  it('is given up after three children have died while it ran', async () => {
    const { all } = await started(1, 1);
    const [id = ''] = await broadcast('exitOnce', ['poison']);
    await broadcast('once', ['after']);
    await fixture.event('received', 'after');
    expect(fixture.events('started', 'poison')).toHaveLength(3);
    expect(await outcomes(id, 3)).toMatchObject(Array(3).fill({ ok: false }));
    expect(await fixture.broker.redis.hvals(`{nestwork}:broadcast:${id}`)).toContain('done');
    await fixture.until('the log says so', () => (all[0]?.lines('exit code 7') ?? []).length > 0);
  });
});

describe('a gap', () => {
  async function gap(): Promise<RecordedGap> {
    const { broadcasts } = fixture.broker.broker;
    await fixture.until('the gap is recorded', async () => (await broadcasts.gaps()).length === 1);
    return (await broadcasts.gaps())[0] as RecordedGap;
  }

  it('is logged and recorded when broadcasts were trimmed away before a worker could read them', async () => {
    const { all } = await started(1, 1);
    const [worker] = all;
    await broadcast('quietly', ['before']);
    await fixture.event('received', 'before');
    worker?.kill('SIGSTOP');
    await broadcast('quietly', ...Array.from({ length: 10 }, (_, index) => [`lost ${index}`]), ['kept']);
    await fixture.broker.redis.xtrim('{nestwork}:broadcasts', 'MAXLEN', 1);
    worker?.kill('SIGCONT');
    await fixture.event('received', 'kept');
    expect(await gap()).toMatchObject({ reason: 'trimmed', missed: 10, pid: worker?.pid });
    await fixture.logged(worker, 'Missed 10 broadcasts');
    expect(fixture.events('received')).toHaveLength(2);
  });

  it('is logged and recorded when Redis comes back without its data, and later broadcasts arrive', async () => {
    const { all } = await started(1, 1);
    await broadcast('quietly', ['before']);
    const { pid } = await fixture.event('received', 'before');
    await fixture.broker.server.restart();
    await fixture.until('it starts over', () => fixture.events('booted').length === 2);
    expect(isAlive(pid)).toBe(false);
    await broadcast('quietly', ['after']);
    await fixture.event('received', 'after');
    expect(await gap()).toMatchObject({ reason: 'rewound' });
    await fixture.logged(all[0], 'Redis lost data');
  });
});
