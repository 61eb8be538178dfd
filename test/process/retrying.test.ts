import { WorkerFixture } from '../support/worker-fixture.js';

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => fixture.stop());

const attempts = (label: string): (number | undefined)[] => fixture.events('run', label).map(({ attempt }) => attempt);

describe('a task that fails', () => {
  it('is tried again, and its context has the number of the attempt', async () => {
    const worker = fixture.worker({ children: 2 });
    await fixture.sender('failUntil').delay('third', 3);
    await fixture.event('run', 'third');
    await fixture.drained();
    expect(attempts('third')).toEqual([1, 2, 3]);
    await fixture.logged(worker, 'failed at attempt 1 and is tried again in 20 ms: TypeError: failed: third');
  });

  it('is dead once its retries are used up, with every attempt', async () => {
    fixture.worker({ children: 1 });
    const { id } = await fixture.sender('failUntil').with({ retries: 2, backoff: 1 }).delay('never', 99);
    await fixture.until('it is dead', async () => (await fixture.dead(id)) !== undefined);
    const dead = await fixture.dead(id);
    expect(dead?.report).toMatchObject({ code: 'TASK_FAILED', error: 'TypeError: failed: never', attempt: 3 });
    expect(dead?.attempts).toMatchObject([
      { attempt: 1, code: 'TASK_FAILED', error: 'TypeError: failed: never', pid: expect.any(Number) },
      { attempt: 2 },
      { attempt: 3 },
    ]);
    expect(attempts('never')).toEqual([1, 2, 3]);
  });

  it.each(['proxy', 'getters', 'conversions', 'symbol'] as const)(
    'with a hostile value (%s) is tried again by the same child, then dead',
    async (kind) => {
      const worker = fixture.worker({ children: 1 });
      const { id } = await fixture.sender('failHostile').with({ retries: 1, backoff: 1 }).delay(kind, kind);
      await fixture.until('it is dead', async () => (await fixture.dead(id)) !== undefined);
      expect(attempts(kind)).toEqual([1, 2]);
      expect(new Set(fixture.events('run', kind).map(({ pid }) => pid)).size).toBe(1);
      expect((await fixture.dead(id))?.report).toMatchObject({
        code: 'TASK_FAILED',
        error: expect.stringMatching(/./),
        attempt: 2,
      });
      await fixture.logged(worker, ` is dead: `);
    },
  );

  it.each([
    ['Error', 1, 'TASK_FAILED'],
    ['TypeError', 4, 'TASK_FAILED'],
    ['RangeError', 1, undefined],
    ['DropTask', 1, undefined],
    ['RetryTask', 4, 'TASK_FAILED'],
  ])('with %s is tried %i times by its retryOn and dropOn', async (kind, times, code) => {
    fixture.worker({ children: 1 });
    const { id } = await fixture.sender('failAs').delay(kind, kind);
    await fixture.event('run', kind);
    await fixture.drained();
    expect(attempts(kind)).toHaveLength(times);
    expect((await fixture.dead(id))?.report.code).toBe(code);
  });

  it('is tried again by another worker when its own dies in the meantime', async () => {
    const first = fixture.worker({ children: 1, lease: '1s' });
    const { redis } = fixture.broker;
    await fixture
      .sender('failUntil')
      .with({ backoff: { type: 'fixed', delay: '1h' } })
      .delay('moved', 2);
    const waiting = '{nestwork}:scheduled:default';
    await fixture.until('it waits', async () => (await redis.zcard(waiting)) === 1);
    first.kill('SIGKILL');
    await first.ended();
    const [message = ''] = await redis.zrange(waiting, '0', '-1');
    await redis.zadd(waiting, 'XX', 1, message); // its hour is over
    fixture.worker({ children: 1 });
    await fixture.until('it ran again', () => attempts('moved').length === 2);
    await fixture.drained();
    expect(attempts('moved')).toEqual([1, 2]);
  });

  it('counts attempts and crashes separately', async () => {
    fixture.worker({ children: 1 });
    const { id } = await fixture.sender('exit').with({ retries: 5 }).delay('poison');
    await fixture.until('it is dead', async () => (await fixture.dead(id)) !== undefined);
    expect(fixture.events('started', 'poison')).toHaveLength(3);
    expect((await fixture.dead(id))?.attempts).toMatchObject([
      { code: 'CRASHED' },
      { code: 'CRASHED' },
      { code: 'CRASHED' },
    ]);
  });

  it('does not delay other tasks, also when it asks to run again at once', async () => {
    fixture.worker({ children: 1, concurrency: 20 });
    const retrying = fixture.sender('failUntil').with({ backoff: 0 });
    await retrying.delayMany(Array.from({ length: 200 }, (_, index) => [`r${index}`, 4]));
    await fixture.sendMany(
      'run',
      Array.from({ length: 200 }, (_, index) => [`t${index}`]),
    );
    await fixture.until('all ran', () => fixture.events('run').length === 1_000);
    await fixture.drained();
    for (let index = 0; index < 200; index += 1) expect(attempts(`r${index}`)).toEqual([1, 2, 3, 4]);
    expect(fixture.events('booted')).toHaveLength(1);
  });
});
