import { WorkerFixture } from '../support/worker-fixture.js';

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => fixture.stop());

describe('cancel()', () => {
  it('removes a pending task, returns its former state, and can be repeated', async () => {
    const scheduled = await fixture.sender('run').with({ delay: '1h' }).delay('scheduled');
    const pending = await fixture.sender('run').delay('pending');
    await fixture.sender('run').delay('other');
    expect(await scheduled.status()).toMatchObject({ state: 'scheduled', queue: 'default', attempt: 1 });
    expect(await pending.status()).toMatchObject({ state: 'pending', queue: 'default', attempt: 1 });
    expect([await scheduled.cancel(), await scheduled.cancel()]).toEqual(['scheduled', 'cancelled']);
    expect([await pending.cancel(), await pending.cancel()]).toEqual(['pending', 'cancelled']);
    expect(await pending.status()).toEqual({ state: 'cancelled', queue: undefined });
    fixture.worker({ children: 1 });
    await fixture.event('run', 'other');
    await fixture.drained();
    expect(fixture.events('run').map(({ label }) => label)).toEqual(['other']);
  });

  it('aborts the signal of a task that runs in another process, and the task does not run again', async () => {
    const worker = fixture.worker({ children: 2 });
    const sender = fixture.sender('untilAborted').with({ retries: 5 });
    const task = await sender.delay('running');
    await fixture.event('started', 'running');
    expect(await task.status()).toMatchObject({ state: 'active', attempt: 1 });
    expect(await task.cancel()).toBe('active');
    await fixture.event('aborted', 'running');
    await fixture.drained();
    expect(await task.status()).toMatchObject({ state: 'cancelled' });
    expect(fixture.events('started', 'running')).toHaveLength(1);
    expect(worker.lines('died')).toEqual([]);
    await fixture.until('it is logged', () => worker.lines('was cancelled').length === 1);
  });

  it('ends the process of a task that blocks, after a grace, and runs its neighbours elsewhere', async () => {
    const worker = fixture.worker({ children: 1, concurrency: 2, cancelGrace: '200ms' });
    await fixture.sender('hold').delay('neighbour', 'gate');
    await fixture.event('started', 'neighbour');
    const task = await fixture.sender('block').with({ retries: 5 }).delay('blocking', 'never');
    await fixture.event('started', 'blocking');
    expect(await task.cancel()).toBe('active');
    await fixture.until('the neighbour runs again', () => fixture.events('started', 'neighbour').length === 2);
    fixture.open('gate');
    await fixture.drained();
    expect(fixture.events('started', 'blocking')).toHaveLength(1);
    expect(await task.status()).toMatchObject({ state: 'cancelled' });
    await fixture.logged(worker, 'a cancelled task did not end within its grace');
  });

  it('takes effect although the process dies before its signal aborts', async () => {
    const worker = fixture.worker({ children: 1, lease: '1s' });
    const task = await fixture.sender('block').delay('doomed', 'never');
    await fixture.event('started', 'doomed');
    await task.cancel();
    worker.kill('SIGKILL');
    await worker.ended();
    fixture.worker({ children: 1, lease: '1s' });
    await fixture.drained();
    expect(fixture.events('started', 'doomed')).toHaveLength(1);
  });

  it('returns `unknown` for a finished task and `dead` for a dead one', async () => {
    fixture.worker({ children: 1 });
    const done = await fixture.sender('run').delay('done');
    const dead = await fixture.sender('fail').delay('dead');
    await fixture.until('it is dead', async () => (await fixture.dead(dead.id)) !== undefined);
    await fixture.drained();
    expect([await done.cancel(), await dead.cancel()]).toEqual(['unknown', 'dead']);
    expect(await dead.status()).toMatchObject({ state: 'dead', queue: 'default' });
  });

  it('takes effect for a task that fails by itself before its signal aborts', async () => {
    fixture.worker({ children: 1 });
    const task = await fixture.sender('blockAndFail').with({ retries: 3 }).delay('failing', 'gate');
    await fixture.event('started', 'failing');
    await task.cancel();
    fixture.open('gate');
    await fixture.drained();
    expect(fixture.events('started', 'failing')).toHaveLength(1);
    expect(await task.status()).toMatchObject({ state: 'cancelled' });
    expect(await fixture.dead(task.id)).toBeUndefined();
  });

  it('finds a task behind large ones', async () => {
    const large = Array.from({ length: 60 }, () => ['x'.repeat(200_000)]);
    const [first] = await fixture.sender('run').delayMany(large);
    expect(await first?.status()).toMatchObject({ state: 'pending' });
    expect(await first?.cancel()).toBe('pending');
  });

  it('finds a task behind many thousands', async () => {
    const calls = Array.from({ length: 12_000 }, (_, index) => [`${index}`]);
    const [first] = await fixture.sender('run').delayMany(calls);
    const scheduled = await fixture.sender('run').with({ delay: '1h' }).delayMany(calls);
    expect(await first?.cancel()).toBe('pending');
    expect(await scheduled[6_000]?.cancel()).toBe('scheduled');
    expect(await fixture.broker.redis.llen('{nestwork}:queue:default')).toBe(11_999);
    expect(await fixture.broker.redis.zcard('{nestwork}:scheduled:default')).toBe(11_999);
  });
});

describe('a unique task', () => {
  it("with `until: 'finished'` is added once until it is finished", async () => {
    fixture.worker({ children: 1 });
    const sender = fixture.sender('hold').with({ key: 'a' });
    const first = await sender.delay('first', 'gate');
    await fixture.event('started', 'first');
    const second = await sender.delay('second', 'gate');
    expect([first.added, second.added, second.id]).toEqual([true, false, first.id]);
    await expect(sender.with({ onConflict: 'reject' }).delay('third', 'gate')).rejects.toMatchObject({
      code: 'DUPLICATE_KEY',
    });
    fixture.open('gate');
    await fixture.drained();
    expect((await sender.delay('fourth', 'gate')).added).toBe(true);
    await fixture.event('finished', 'fourth');
    await fixture.drained();
    expect(fixture.events('started').map(({ label }) => label)).toEqual(['first', 'fourth']);
    expect(await fixture.broker.redis.exists('{nestwork}:unique')).toBe(0);
  });

  it("with `until: 'started'` is added once until it is started", async () => {
    fixture.worker({ children: 2 });
    const sender = fixture.sender('hold').with({ key: 'a', until: 'started' });
    await sender.delay('first', 'gate');
    await fixture.event('started', 'first');
    expect((await sender.delay('second', 'gate')).added).toBe(true);
    await fixture.event('started', 'second');
    fixture.open('gate');
    await fixture.drained();
  });

  it('debounces: of many calls only the last one runs', async () => {
    fixture.worker({ children: 1 });
    await fixture.sender('run').delay('ready');
    await fixture.event('run', 'ready');
    const sender = fixture.sender('run').with({ key: 'save', onConflict: 'replace', delay: '1h' });
    for (let call = 0; call < 19; call += 1) await sender.delay(`call ${call}`);
    expect(await fixture.broker.redis.zcard('{nestwork}:scheduled:default')).toBe(1);
    // sooner than the others, which must not run, however long this machine took for them
    await sender.with({ delay: 200 }).delay('call 19');
    await fixture.event('run', 'call 19');
    await fixture.drained();
    expect(fixture.events('run').map(({ label }) => label)).toEqual(['ready', 'call 19']);
  });

  it('frees its key when it dies or is cancelled', async () => {
    fixture.worker({ children: 1 });
    const failing = fixture.sender('fail').with({ key: 'a' });
    const { id } = await failing.delay('dead');
    await fixture.until('it is dead', async () => (await fixture.dead(id)) !== undefined);
    expect((await failing.delay('again')).added).toBe(true);
    const later = fixture.sender('run').with({ key: 'b', delay: '1h' });
    await (await later.delay('cancelled')).cancel();
    expect((await later.delay('again')).added).toBe(true);
  });
});
