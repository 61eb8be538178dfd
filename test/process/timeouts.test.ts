import { WorkerFixture } from '../support/worker-fixture.js';

let fixture: WorkerFixture;
beforeEach(async () => {
  fixture = await WorkerFixture.start();
});
afterEach(() => fixture.stop());

describe('a soft timeout', () => {
  it('aborts the signal, lets the task clean up, and the task is not tried again', async () => {
    fixture.worker({ children: 1 });
    const { id } = await fixture.sender('cleanUp').with({ retries: 3 }).delay('soft');
    await fixture.event('cleaned', 'soft');
    await fixture.until('it is dead', async () => (await fixture.dead(id)) !== undefined);
    expect((await fixture.dead(id))?.report).toMatchObject({ code: 'SOFT_TIMEOUT', attempt: 1 });
    expect(fixture.events('booted')).toHaveLength(1);
  });

  it('with `retryOnSoftTimeout` is tried again', async () => {
    fixture.worker({ children: 1 });
    const sender = fixture.sender('cleanUp').with({ retries: 1, backoff: 1, retryOnSoftTimeout: true });
    const { id } = await sender.delay('again');
    await fixture.until('it is dead', async () => (await fixture.dead(id)) !== undefined);
    expect(fixture.events('cleaned', 'again').map(({ attempt }) => attempt)).toEqual([1, 2]);
  });
});

describe('a hard timeout', () => {
  it.each(['await', 'block'])(
    'ends the process of a task that is to %s for ever, and the task is dead',
    async (how) => {
      const worker = fixture.worker({ children: 1 });
      // long enough for a child that is held up to abort the signal before
      const { id } = await fixture.sender('forEver').with({ hardTimeout: '2s' }).delay('hard', how);
      await fixture.event('started', 'hard');
      await fixture.until('it is dead', async () => (await fixture.dead(id)) !== undefined);
      const dead = await fixture.dead(id);
      expect(dead?.report).toMatchObject({ code: 'HARD_TIMEOUT' });
      expect(dead?.attempts).toMatchObject([{ code: 'HARD_TIMEOUT' }]);
      // a process that computes does not get a signal
      expect(fixture.events('aborted', 'hard')).toHaveLength(how === 'await' ? 1 : 0);
      await fixture.logged(worker, 'a task ran beyond its hard timeout');
      await fixture.sender('run').delay('after');
      await fixture.event('run', 'after');
    },
  );

  it('counts an attempt, and gives the tasks beside it back uncounted', async () => {
    const worker = fixture.worker({ children: 1, concurrency: 3 });
    await fixture.sender('hold').delay('neighbour', 'gate');
    await fixture.event('started', 'neighbour');
    const sender = fixture.sender('forEver').with({ retries: 1, backoff: 1 });
    const { id } = await sender.delay('hard', 'await');
    await fixture.until('it is dead', async () => (await fixture.dead(id)) !== undefined);
    await fixture.until('the neighbour runs again', () => fixture.events('started', 'neighbour').length === 3);
    fixture.open('gate');
    await fixture.event('finished', 'neighbour');
    await fixture.drained();
    expect(fixture.events('started', 'hard').map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(fixture.events('started', 'neighbour').map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
    expect(fixture.events('finished', 'neighbour')).toHaveLength(1);
    await fixture.logged(worker, '1 given back, 1 to run again after a hard timeout');
  });

  it('can be given by the call, and is unset by default', async () => {
    fixture.worker({ children: 2 });
    const held = fixture.sender('hold');
    await held.delay('free', 'gate');
    const { id } = await held.with({ hardTimeout: 50 }).delay('limited', 'gate');
    await fixture.until('it is dead', async () => (await fixture.dead(id)) !== undefined);
    fixture.open('gate');
    await fixture.event('finished', 'free');
    await fixture.drained();
  });
});
