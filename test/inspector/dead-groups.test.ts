import { DeadLetters } from '../../src/inspector/dead-letters.js';
import { KnownQueues } from '../../src/inspector/queues/known-queues.js';
import { BrokerFixture, idOf } from '../support/broker-fixture.js';
import { seedDead, seedForeign } from '../support/dead-tasks.js';

const HOUR_MS = 3_600_000;

let fixture: BrokerFixture;
let deadLetters: DeadLetters;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
  const queues = KnownQueues.declared(['urgent', 'default', 'bulk']);
  deadLetters = new DeadLetters(fixture.broker.deadLetters, queues, fixture.broker.actions);
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** Dead tasks of two errors in two queues: four locked invoices of an hour and a half ago and of now, and a crash. */
async function graveyard(): Promise<{ ids: string[]; now: number }> {
  const now = await fixture.broker.deadLetters.now();
  const locked = (queue: string, number: number, ago: number) => ({
    queue,
    diedAt: now - ago,
    report: { error: `Error: invoice ${number} is locked` },
  });
  const messages = await seedDead(fixture, [
    locked('default', 7, 30 * HOUR_MS),
    locked('bulk', 81, 1.5 * HOUR_MS),
    { queue: 'urgent', diedAt: now - HOUR_MS, report: { code: 'CRASHED', error: 'Its process died' } },
    locked('default', 9, 1_000),
    locked('default', 10, 0),
  ]);
  return { ids: messages.map(idOf), now };
}

describe('groups', () => {
  it('are those of task, code and error without its variable parts, the one that grew last first', async () => {
    const { ids, now } = await graveyard();
    const { groups, ...rest } = await deadLetters.groups();
    expect(rest).toEqual({ others: { groups: 0, tasks: 0 }, looked: 5, left: 0, cursor: undefined });
    const hours = new Array(24).fill(0);
    expect(groups).toMatchObject([
      {
        task: 'Some.task',
        code: 'TASK_FAILED',
        error: 'Error: invoice ‹…› is locked',
        count: 4,
        lastMinute: 2,
        first: new Date(now - 30 * HOUR_MS),
        last: new Date(now),
        hours: [...hours.slice(2), 1, 2],
        sample: { id: ids[4] },
      },
      {
        task: 'Some.task',
        code: 'CRASHED',
        error: 'Its process died',
        count: 1,
        lastMinute: 0,
        sample: { id: ids[2] },
      },
    ]);
    expect([...(groups[0]?.queues ?? [])].sort()).toEqual(['bulk', 'default']);
  });

  it('have a key by which their tasks are listed, counted and redriven, and no others', async () => {
    const { ids } = await graveyard();
    const { groups } = await deadLetters.groups({ queues: ['default', 'bulk'] });
    const group = groups[0]?.key ?? '';
    expect((await deadLetters.list({ group })).tasks.map(({ id }) => id)).toEqual([ids[4], ids[3], ids[1], ids[0]]);
    expect(await deadLetters.count({ group, queues: ['default'] })).toBe(3);
    expect(await deadLetters.redriveAll({ group })).toMatchObject({ redriven: 4 });
    expect((await deadLetters.list()).tasks.map(({ id }) => id)).toEqual([ids[2]]);
  });

  it('meet the filter', async () => {
    await graveyard();
    expect((await deadLetters.groups({ code: 'CRASHED' })).groups).toHaveLength(1);
    expect((await deadLetters.groups({ since: '2h' })).groups).toMatchObject([{ count: 3 }, { count: 1 }]);
    expect(await deadLetters.groups({ error: 'nothing' })).toMatchObject({ groups: [], looked: 5, left: 0 });
  });

  it('are those of the tasks that died last, up to a number; a cursor goes on behind them', async () => {
    await graveyard();
    const first = await deadLetters.groups({}, { look: 2 });
    expect(first).toMatchObject({ groups: [{ count: 2 }], looked: 2, left: 3 });
    const second = await deadLetters.groups({}, { look: 2, cursor: first.cursor });
    expect(second).toMatchObject({ groups: [{ code: 'CRASHED', count: 1 }, { count: 1 }], looked: 2, left: 1 });
    const third = await deadLetters.groups({}, { look: 2, cursor: second.cursor });
    expect(third).toMatchObject({ groups: [{ count: 1 }], looked: 1, left: 0, cursor: undefined });
  });

  it('end when the time is up, and look at one task at least', async () => {
    await graveyard();
    expect(await deadLetters.groups({}, { within: 0 })).toMatchObject({ looked: 1, left: 4 });
  });

  it('beyond the limit are counted, with their tasks', async () => {
    await graveyard();
    const { groups, others } = await deadLetters.groups({}, { limit: 1 });
    expect(groups).toMatchObject([{ count: 4 }]);
    expect(others).toEqual({ groups: 1, tasks: 1 });
  });

  it('have foreign bytes among them', async () => {
    await seedForeign(fixture, Buffer.from([0xff, 0x0a, 0x41]));
    expect((await deadLetters.groups()).groups).toMatchObject([
      { task: undefined, code: 'UNDECODABLE_MESSAGE', count: 1 },
    ]);
  });

  it.each([
    [{ look: 0 }, 'look'],
    [{ limit: 1_001 }, 'limit'],
    [{ cursor: 'x' }, 'cursor'],
    [{ take: 5 } as object, 'take'],
  ])('of %j are refused by name', async (options, name) => {
    const groups = deadLetters.groups({}, options);
    await expect(groups).rejects.toMatchObject({ code: 'INVALID_OPTION', message: expect.stringContaining(name) });
  });
});

describe('a list with a limit of time', () => {
  it('ends without a match, and goes on behind what it looked at', async () => {
    const { ids } = await graveyard();
    const seen: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await deadLetters.list({ error: 'invoice 7 ' }, { within: 0, ...(cursor && { cursor }) });
      expect(page.looked).toBe(1);
      seen.push(...page.tasks.map(({ id }) => id));
      cursor = page.cursor;
      pages += 1;
    } while (cursor);
    expect(seen).toEqual([ids[0]]);
    expect(pages).toBe(5);
  });
});
