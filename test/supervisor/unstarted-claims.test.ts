import type { Claimant } from '../../src/broker/port/broker.js';
import { monotonicMs } from '../../src/ipc/monotonic-clock.js';
import { ScoreboardReader } from '../../src/ipc/scoreboard-reader.js';
import { ScoreboardWriter } from '../../src/ipc/scoreboard-writer.js';
import { UnstartedClaims } from '../../src/supervisor/unstarted-claims.js';
import { BrokerFixture, childExit, idOf } from '../support/broker-fixture.js';

const CAPACITY = 10;

const fail = (error: unknown): void => {
  throw error;
};

let fixture: BrokerFixture;
let seats: TestSeat[];
let unstartedClaims: UnstartedClaims;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
beforeEach(() => {
  seats = [];
  unstartedClaims = new UnstartedClaims(fixture.broker, () => seats, fail);
});
afterEach(async () => {
  for (const seat of seats) seat.scoreboard.close();
  await fixture.reset();
});
afterAll(() => fixture.stop());

/** A child that claims, as the broker and its scoreboard see it. */
class TestSeat {
  readonly scoreboard = new ScoreboardReader(CAPACITY);
  readonly notes = new ScoreboardWriter(CAPACITY, this.scoreboard.fd);
  private claims = 0;

  private constructor(readonly claimant: Claimant) {}

  static async take(): Promise<TestSeat> {
    const seat = new TestSeat(await fixture.child());
    seats.push(seat);
    return seat;
  }

  /** Claims, so long ago that its window has closed. */
  async claim(limit = CAPACITY): Promise<string[]> {
    this.claims += 1;
    const { tasks } = await fixture.claim(this.claimant, limit);
    this.opened(-1);
    return tasks.map(({ id }) => id);
  }

  /** Notes for how long it may start its claimed tasks. */
  opened(forMs: number): void {
    this.notes.window(this.claims, monotonicMs() + forMs);
  }

  /** Notes that it is about to claim again. */
  claiming(): void {
    this.claims += 1;
    this.opened(60_000);
  }

  held(): Promise<string[]> {
    return fixture.redis.hkeys(`{nestwork}:claims:${this.claimant.child}`);
  }
}

/** A busy child that has claimed three tasks and started the first, and one beside it that got nothing. */
async function busyAndIdle(): Promise<{ busy: TestSeat; ids: string[] }> {
  await fixture.broker.enqueue('default', fixture.messages(3));
  const busy = await TestSeat.take();
  const ids = await busy.claim();
  busy.notes.started(ids[0] as string);
  const idle = await TestSeat.take();
  await idle.claim();
  return { busy, ids };
}

async function queued(): Promise<string[]> {
  return (await fixture.redis.lrange('{nestwork}:queue:default', 0, -1)).map(idOf);
}

describe('a tick gives back', () => {
  it('tasks that a child has claimed and not started, in their order, at the head of the queue', async () => {
    const { busy, ids } = await busyAndIdle();
    const later = fixture.message();
    await fixture.broker.enqueue('default', [later]);
    await unstartedClaims.tick();
    expect(await queued()).toEqual([ids[1], ids[2], idOf(later)]);
    expect(await busy.held()).toEqual([ids[0]]);
    expect(await fixture.redis.llen('{nestwork}:bell:default')).toBe(1);
  });

  it('tasks of every child that is late', async () => {
    await busyAndIdle();
    await unstartedClaims.tick();
    await fixture.redis.del('{nestwork}:queue:default', '{nestwork}:bell:default');
    await fixture.broker.enqueue('default', fixture.messages(2));
    const other = await TestSeat.take();
    const ids = await other.claim();
    await unstartedClaims.tick();
    expect(await queued()).toEqual(ids);
  });

  it('tasks of the claim before, while the next one has not come to Redis, and then those of that one', async () => {
    const { busy, ids } = await busyAndIdle();
    busy.claiming();
    busy.opened(-1);
    await unstartedClaims.tick();
    expect(await queued()).toEqual(ids.slice(1));
    await fixture.claim(busy.claimant);
    await unstartedClaims.tick();
    expect(await queued()).toEqual(ids.slice(1));
  });

  it('tasks that the child claims later', async () => {
    const { busy, ids } = await busyAndIdle();
    await unstartedClaims.tick();
    expect(await busy.claim()).toEqual([ids[1], ids[2]]);
    await unstartedClaims.tick();
    expect(await queued()).toEqual([ids[1], ids[2]]);
  });
});

describe('a tick gives back nothing', () => {
  it('of a child that may still start it', async () => {
    const { busy } = await busyAndIdle();
    busy.opened(60_000);
    await unstartedClaims.tick();
    expect(await queued()).toEqual([]);
  });

  it('of a child without tasks that wait for their start', async () => {
    const { busy } = await busyAndIdle();
    busy.opened(Number.POSITIVE_INFINITY);
    await unstartedClaims.tick();
    expect(await queued()).toEqual([]);
  });

  it('of a child that has opened a new window in the meantime', async () => {
    const { busy } = await busyAndIdle();
    const read = busy.scoreboard.read.bind(busy.scoreboard);
    busy.scoreboard.read = () => {
      busy.opened(60_000);
      return read();
    };
    await unstartedClaims.tick();
    expect(await queued()).toEqual([]);
  });

  it('of a child that has claimed again since, according to its scoreboard', async () => {
    const { busy, ids } = await busyAndIdle();
    const read = busy.scoreboard.read.bind(busy.scoreboard);
    let reads = 0;
    busy.scoreboard.read = () => {
      reads += 1;
      busy.claiming();
      return read();
    };
    await unstartedClaims.tick();
    expect(reads).toBe(1);
    expect(await queued()).toEqual([]);
    expect(await busy.held()).toHaveLength(ids.length);
  });

  it('of a child that has claimed again since, according to Redis', async () => {
    const { busy } = await busyAndIdle();
    await fixture.claim(busy.claimant, 0); // and has not noted yet that it did
    await unstartedClaims.tick();
    expect(await queued()).toEqual([]);
  });

  it('that was started in the meantime', async () => {
    const { busy, ids } = await busyAndIdle();
    for (const id of ids.slice(1)) busy.notes.started(id);
    await unstartedClaims.tick();
    expect(await queued()).toEqual([]);
  });

  it('that is finished, but not acknowledged yet', async () => {
    const { busy, ids } = await busyAndIdle();
    for (const id of ids.slice(1)) busy.notes.started(id);
    for (const id of ids) busy.notes.done(id);
    busy.notes.flush();
    await unstartedClaims.tick();
    expect(await queued()).toEqual([]);
    expect(await busy.held()).toHaveLength(ids.length);
  });

  it('of a child that has no name yet', async () => {
    const { busy } = await busyAndIdle();
    const unnamed = seats.map(({ scoreboard }) => ({ scoreboard, claimant: undefined }));
    await new UnstartedClaims(fixture.broker, () => unnamed, fail).tick();
    expect(await queued()).toEqual([]);
    expect(await busy.held()).toHaveLength(3);
  });
});

it('a child is checked once for each of its claims', async () => {
  const { busy } = await busyAndIdle();
  let asked = 0;
  const counting = new UnstartedClaims(
    {
      holdings: (claimant) => {
        asked += 1;
        return fixture.broker.holdings(claimant);
      },
      release: (...all) => fixture.broker.release(...all),
    },
    () => seats,
    fail,
  );
  await counting.tick();
  await counting.tick();
  expect(asked).toBe(seats.length);
  await busy.claim(1);
  await counting.tick();
  expect(asked).toBe(seats.length + 1);
});

it('a child that lost its registration does not delay the others', async () => {
  await fixture.broker.enqueue('default', fixture.messages(1));
  const gone = await TestSeat.take();
  await gone.claim();
  const { ids } = await busyAndIdle();
  await fixture.broker.settle(gone.claimant, childExit({ blamed: [] }));
  await unstartedClaims.tick();
  expect(await queued()).toEqual(expect.arrayContaining(ids.slice(1)));
});

it('a child that ends during the check is ignored', async () => {
  const { busy } = await busyAndIdle();
  const gone = async <T>(asked: Promise<T>): Promise<T> => {
    const answer = await asked;
    for (const seat of seats.splice(0)) seat.scoreboard.close();
    return answer;
  };
  const broker = {
    holdings: (claimant: Claimant) => gone(fixture.broker.holdings(claimant)),
    release: () => fail(new Error('nothing is to be given back')),
  };
  await new UnstartedClaims(broker as never, () => seats, fail).tick();
  expect(seats).toEqual([]);
  expect(await busy.held()).toHaveLength(3);
});
