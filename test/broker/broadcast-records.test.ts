import { BrokerFixture } from '../support/broker-fixture.js';

const NAMESPACE = '{nestwork}:';
const ID = 'k3v9x0q2m7ab00000007';
const OUTCOME = { host: 'here', pid: 7, ok: true, durationMs: 3, at: 1_700_000_000_000 };

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

async function session(): Promise<string> {
  return (await fixture.child()).session;
}

async function whenFull<T>(run: () => Promise<T>): Promise<T> {
  await fixture.redis.config('SET', 'maxmemory', '1');
  try {
    return await run();
  } finally {
    await fixture.redis.config('SET', 'maxmemory', '0');
  }
}

describe('the turn of a machine', () => {
  it('goes to its first session, also when that session asks again', async () => {
    const [first, second] = [await session(), await session()];
    const { broadcasts } = fixture.broker;
    expect(await broadcasts.takeTurn(ID, 'here', first)).toBe('mine');
    expect(await broadcasts.takeTurn(ID, 'here', second)).toBe('taken');
    expect(await broadcasts.takeTurn(ID, 'here', first)).toBe('mine');
    expect(await broadcasts.takeTurn(ID, 'there', second)).toBe('mine');
    expect(await fixture.redis.ttl(`${NAMESPACE}broadcast:${ID}`)).toBeGreaterThan(86_000);
  });

  it('goes to another session when the first one is gone', async () => {
    const [first, second] = [await session(), await session()];
    const { broadcasts } = fixture.broker;
    await broadcasts.takeTurn(ID, 'here', first);
    await fixture.redis.zrem(`${NAMESPACE}sessions`, first);
    await fixture.redis.del(`${NAMESPACE}session:${first}`);
    expect(await broadcasts.takeTurn(ID, 'here', second)).toBe('mine');
    expect(await broadcasts.takeTurn(ID, 'here', first)).toBe('taken');
  });

  it('is over for every session when the machine is done', async () => {
    const [first, second] = [await session(), await session()];
    const { broadcasts } = fixture.broker;
    await broadcasts.takeTurn(ID, 'here', first);
    await broadcasts.record([{ id: ID, target: 'a.7', outcome: OUTCOME, machine: 'here' }]);
    expect(await broadcasts.takeTurn(ID, 'here', first)).toBe('done');
    expect(await broadcasts.takeTurn(ID, 'here', second)).toBe('done');
    expect(await broadcasts.takeTurn(ID, 'there', second)).toBe('mine');
  });

  it('is taken when Redis is full, too', async () => {
    const first = await session();
    expect(await whenFull(() => fixture.broker.broadcasts.takeTurn(ID, 'here', first))).toBe('mine');
  });
});

describe('outcomes', () => {
  it('are kept by process for a day, without those of machines', async () => {
    const { broadcasts } = fixture.broker;
    const failed = { ...OUTCOME, at: OUTCOME.at + 1, pid: 8, ok: false, error: 'Error: no' };
    const other = 'k3v9x0q2m7ab00000008';
    const records = [
      { id: ID, target: 'a.7', outcome: OUTCOME, machine: 'here' },
      { id: other, target: 'a.7', outcome: OUTCOME },
      { id: ID, target: 'a.8', outcome: failed },
    ];
    await broadcasts.record(records);
    // as after a lost answer
    await broadcasts.record(records);
    expect(await broadcasts.outcomes(ID)).toEqual([OUTCOME, failed]);
    expect(await broadcasts.outcomes(other)).toEqual([OUTCOME]);
    expect(await fixture.redis.ttl(`${NAMESPACE}broadcast:${ID}`)).toBeGreaterThan(86_000);
    expect(await fixture.redis.ttl(`${NAMESPACE}broadcast:${other}`)).toBeGreaterThan(86_000);
  });

  it('are empty for a broadcast that no process has run', async () => {
    expect(await fixture.broker.broadcasts.outcomes(ID)).toEqual([]);
  });

  it('are recorded when Redis is full, too', async () => {
    await whenFull(() => fixture.broker.broadcasts.record([{ id: ID, target: 'a.7', outcome: OUTCOME }]));
    expect(await fixture.broker.broadcasts.outcomes(ID)).toEqual([OUTCOME]);
  });

  it('are refused as a whole when one key is foreign', async () => {
    const foreign = 'k3v9x0q2m7ab00000008';
    await fixture.redis.set(`${NAMESPACE}broadcast:${foreign}`, 'foreign');
    const records = [ID, foreign].map((id) => ({ id, target: 'a.7', outcome: OUTCOME }));
    await expect(fixture.broker.broadcasts.record(records)).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
    expect(await fixture.broker.broadcasts.outcomes(ID)).toEqual([]);
  });
});

describe('gaps', () => {
  it('are kept in order, each once, the latest hundred, for a week', async () => {
    const { broadcasts } = fixture.broker;
    const gaps = Array.from({ length: 103 }, (_, at) => gapAt(1_000 + at));
    for (const gap of gaps) await broadcasts.recordGap(gap);
    await broadcasts.recordGap(gapAt(1_102));
    expect(await broadcasts.gaps()).toEqual(gaps.slice(3));
    expect(await fixture.redis.ttl(`${NAMESPACE}broadcast-gaps`)).toBeGreaterThan(600_000);
  });

  it('are recorded when Redis is full, too', async () => {
    await whenFull(() => fixture.broker.broadcasts.recordGap(gapAt(1)));
    expect(await fixture.broker.broadcasts.gaps()).toEqual([gapAt(1)]);
  });

  function gapAt(at: number) {
    return { reason: 'trimmed' as const, missed: 3, after: '5-0', host: 'here', pid: 7, at };
  }
});
