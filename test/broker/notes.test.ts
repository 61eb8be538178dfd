import type { Claimant } from '../../src/broker/port/broker.js';
import type { NotesWrite } from '../../src/broker/port/notes-port.js';
import { decodeNotes, encodeLogLine, encodeNoted, encodeProgress } from '../../src/task/task-notes.js';
import { BrokerFixture, childExit, idOf } from '../support/broker-fixture.js';

const HOUR_S = 3_600;
const DAY_S = 86_400;
const REPORT = { code: 'TASK_FAILED', error: 'Error: no', host: 'here', pid: 7 };
const ALL = { range: {}, order: 'oldest', limit: 10 } as const;
const RETRY = { inMs: 0, line: '', failures: 0, counts: true };

let fixture: BrokerFixture;
beforeAll(async () => {
  fixture = await BrokerFixture.start();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.stop());

/** A task that a child holds. */
async function held(): Promise<{ id: string; message: string; child: Claimant }> {
  const message = fixture.message();
  return { id: idOf(message), message, child: await fixture.holderOf([message]) };
}

function notes(id: string, number: number, given: Partial<NotesWrite> = {}): NotesWrite {
  return { id, noted: encodeNoted('default', 'Some.task'), ended: false, number, progress: '', lines: [], ...given };
}

/** Lines with the numbers of their calls, from one on. */
function lines(first: number, ...texts: string[]): NotesWrite['lines'] {
  return texts.map((text, at) => ({ number: first + at, line: encodeLogLine(1_000, 1, text) }));
}

const write = (child: Claimant, given: NotesWrite): Promise<boolean> => fixture.broker.notes.write(child, given);
const key = (id: string): string => `{nestwork}:notes:${id}`;

async function log(id: string): Promise<string[] | undefined> {
  const stored = await fixture.broker.notes.read(id);
  return stored === undefined ? undefined : decodeNotes(stored)?.log.map(({ message }) => message);
}

async function deadLog(id: string): Promise<string[] | undefined> {
  const stored = (await fixture.broker.deadLetters.find('default', id))?.notes;
  return stored === undefined ? undefined : decodeNotes(stored)?.log.map(({ message }) => message);
}

describe('write-notes', () => {
  it('keeps the last progress and all lines for a day', async () => {
    const { id, child } = await held();
    expect(
      await write(child, notes(id, 3, { progress: encodeProgress(1, 1, 0.1, ''), lines: lines(1, 'a', 'b') })),
    ).toBe(true);
    await write(child, notes(id, 5, { progress: encodeProgress(2_000, 2, 0.5, 'half done'), lines: lines(4, 'c') }));
    await write(child, notes(id, 6, { lines: lines(6, 'd') }));
    expect(decodeNotes((await fixture.broker.notes.read(id)) ?? '')).toEqual({
      queue: 'default',
      task: 'Some.task',
      progress: { value: 0.5, message: 'half done', at: new Date(2_000), attempt: 2 },
      log: ['a', 'b', 'c', 'd'].map((message) => ({ at: new Date(1_000), attempt: 1, message })),
      end: undefined,
    });
    expect(await fixture.redis.ttl(key(id))).toBeGreaterThan(DAY_S - 60);
  });

  it('keeps the notes of a task that has ended for an hour, with its end', async () => {
    const { id, child } = await held();
    await write(child, notes(id, 1, { lines: lines(1, 'a') }));
    await write(child, notes(id, 2, { noted: encodeNoted('default', 'Some.task', 'done', 7), ended: true }));
    expect(decodeNotes((await fixture.broker.notes.read(id)) ?? '')?.end).toEqual({ state: 'done', at: new Date(7) });
    expect(await log(id)).toEqual(['a']);
    const ttl = await fixture.redis.ttl(key(id));
    expect([ttl > HOUR_S - 60, ttl <= HOUR_S]).toEqual([true, true]);
  });

  it('that is repeated, or comes after a later one, writes nothing twice', async () => {
    const { id, child } = await held();
    const first = notes(id, 2, { progress: encodeProgress(1, 1, 0.1, ''), lines: lines(1, 'a', 'b') });
    await write(child, first);
    await write(child, first);
    // its answer was lost, so the next one has its lines, too
    const second = { progress: encodeProgress(1, 1, 0.2, ''), lines: [...first.lines, ...lines(3, 'c')] };
    await write(child, notes(id, 3, second));
    expect(await write(child, first)).toBe(true);
    expect(decodeNotes((await fixture.broker.notes.read(id)) ?? '')?.progress?.value).toBe(0.2);
    expect(await log(id)).toEqual(['a', 'b', 'c']);
  });

  it('goes on behind the lines of another child, whose numbers say nothing', async () => {
    const { id, child } = await held();
    await write(child, notes(id, 900, { progress: encodeProgress(1, 1, 0.9, ''), lines: lines(900, 'a') }));
    await fixture.broker.release(child, [id], 1);
    const next = await fixture.child();
    await fixture.claim(next);
    await write(next, notes(id, 1, { lines: lines(1, 'b') }));
    expect(await log(id)).toEqual(['a', 'b']);
    expect(decodeNotes((await fixture.broker.notes.read(id)) ?? '')?.progress?.value).toBe(0.9);
  });

  it('keeps the last 100 lines', async () => {
    const { id, child } = await held();
    const texts = Array.from({ length: 100 }, (_, at) => `line ${at}`);
    await write(child, notes(id, 100, { lines: lines(1, ...texts) }));
    expect(await log(id)).toEqual(texts);
    await write(child, notes(id, 101, { lines: lines(101, 'last') }));
    expect(await log(id)).toEqual([...texts.slice(1), 'last']);
  });

  it('keeps the last lines that have 8 KiB together', async () => {
    const { id, child } = await held();
    const line = (text: string): number => encodeLogLine(1_000, 1, text).length + 1;
    const texts = ['a'.repeat(1_000), 'b'.repeat(4_000), 'c'.repeat(4_192 - line('') - line(''))];
    expect(texts.slice(1).reduce((sum, text) => sum + line(text), 0)).toBe(8_192);
    await write(child, notes(id, 3, { lines: lines(1, ...texts) }));
    expect(await log(id)).toEqual(texts.slice(1));
    await write(child, notes(id, 4, { lines: lines(4, '') }));
    expect(await log(id)).toEqual([texts[2], '']);
  });

  it('by a child that no longer holds the task changes nothing', async () => {
    const { id, child } = await held();
    await write(child, notes(id, 1, { lines: lines(1, 'a') }));
    await fixture.broker.release(child, [id], 1);
    expect(await write(child, notes(id, 2, { lines: lines(2, 'late') }))).toBe(false);
    expect(await log(id)).toEqual(['a']);
    await fixture.broker.settle(child, childExit({}));
    await expect(write(child, notes(id, 3))).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });

  it('writes over notes that others put there, and refuses a foreign key', async () => {
    const { id, child } = await held();
    await fixture.redis.set(key(id), 'not\nours');
    await write(child, notes(id, 1, { lines: lines(1, 'a') }));
    expect(await log(id)).toEqual(['a']);
    await fixture.redis.del(key(id));
    await fixture.redis.rpush(key(id), 'x');
    const refused = (foreign: string): object => ({ code: 'REDIS_REFUSED', message: expect.stringContaining(foreign) });
    await expect(write(child, notes(id, 2))).rejects.toMatchObject(refused(key(id)));
    expect(await fixture.broker.notes.read(id)).toBeUndefined();
    await fixture.redis.del(key(id), `{nestwork}:claims:${child.child}`);
    await fixture.redis.set(`{nestwork}:claims:${child.child}`, 'x');
    await expect(write(child, notes(id, 2))).rejects.toMatchObject(refused(`claims:${child.child}`));
    await fixture.redis.del(`{nestwork}:claims:${child.child}`);
  });

  it('is refused by a Redis that is full', async () => {
    const { id, child } = await held();
    await fixture.whenFull(async () => {
      await expect(write(child, notes(id, 1))).rejects.toMatchObject({ code: 'REDIS_OUT_OF_MEMORY' });
    });
  });
});

describe('the notes of a task that dies', () => {
  async function noting(): Promise<{ id: string; message: string; child: Claimant }> {
    const task = await held();
    await write(task.child, notes(task.id, 1, { lines: lines(1, 'a') }));
    return task;
  }

  it('stay with its record, without an end', async () => {
    const { id, message, child } = await noting();
    await fixture.broker.bury(child, { id, queue: 'default', message }, REPORT);
    expect(await deadLog(id)).toEqual(['a']);
    expect(await fixture.redis.exists(key(id))).toBe(0);
    expect(await fixture.redis.ttl('{nestwork}:dead-notes:default')).toBe(-1);
  });

  it('stay also when its process crashed, or it ran out of time', async () => {
    const [crashed, late] = [await noting(), await noting()];
    await fixture.broker.settle(crashed.child, childExit({ blamed: [crashed.id], maxCrashes: 1 }));
    const timedOut = [{ id: late.id, retryInMs: -1, line: '', report: '{}' }];
    await fixture.broker.settle(late.child, childExit({ timedOut }));
    expect(await deadLog(crashed.id)).toEqual(['a']);
    expect(await deadLog(late.id)).toEqual(['a']);
    expect(await fixture.redis.keys('{nestwork}:notes:*')).toEqual([]);
  });

  it('stay where they are when it runs again', async () => {
    const [crashed, failed] = [await noting(), await noting()];
    await fixture.broker.settle(crashed.child, childExit({ blamed: [crashed.id] }));
    await fixture.broker.retry(failed.child, { id: failed.id, queue: 'default' }, RETRY);
    expect([await log(crashed.id), await log(failed.id)]).toEqual([['a'], ['a']]);
    expect(await fixture.redis.exists('{nestwork}:dead-notes:default')).toBe(0);
  });

  it('go with its record, and not with that of another', async () => {
    const [one, other] = [await noting(), await noting()];
    for (const { id, message, child } of [one, other]) {
      await fixture.broker.bury(child, { id, queue: 'default', message }, REPORT);
    }
    const { deadLetters } = fixture.broker;
    const { diedAt = 0 } = (await deadLetters.find('default', one.id)) ?? {};
    expect(await deadLetters.remove('default', [{ id: one.id, diedAt }])).toBe(1);
    expect(await fixture.redis.hkeys('{nestwork}:dead-notes:default')).toEqual([other.id]);
    await deadLetters.purge('default', { most: 0 }, 10);
    expect(await fixture.redis.exists('{nestwork}:dead-notes:default')).toBe(0);
  });

  it('go on for a day when it is redriven, while a task without notes gets none', async () => {
    const [{ id, message, child }, silent] = [await noting(), await held()];
    await fixture.broker.bury(child, { id, queue: 'default', message }, REPORT);
    await fixture.broker.bury(silent.child, { id: silent.id, queue: 'default', message: silent.message }, REPORT);
    const { deadLetters } = fixture.broker;
    const { entries } = await deadLetters.read('default', ALL);
    expect(await deadLetters.redrive('default', entries)).toEqual(['redriven', 'redriven']);
    expect(await log(id)).toEqual(['a']);
    expect(await fixture.redis.ttl(key(id))).toBeGreaterThan(DAY_S - 60);
    expect(await fixture.redis.keys('{nestwork}:*notes:*')).toEqual([key(id)]);
  });

  it('do not keep it from its end when foreign keys lie in their place', async () => {
    const [{ id, message, child }, ...others] = [await held(), await noting(), await noting()];
    await fixture.redis.rpush(key(id), 'x');
    await fixture.redis.set('{nestwork}:dead-notes:default', 'x');
    expect(await fixture.broker.bury(child, { id, queue: 'default', message }, REPORT)).toBe(true);
    expect(await fixture.redis.lrange(key(id), 0, -1)).toEqual(['x']);
    for (const other of others) {
      const buried = { id: other.id, queue: 'default', message: other.message };
      expect(await fixture.broker.bury(other.child, buried, REPORT)).toBe(true);
    }
    const { deadLetters } = fixture.broker;
    const { entries } = await deadLetters.read('default', ALL);
    const { id: first = '', diedAt = 0 } = entries[0] ?? {};
    // the notes were there when they were looked for
    const again = { queue: 'default', deaths: [first, diedAt], noting: [first], kept: [] };
    expect(await fixture.call('redrive', again)).toEqual([1]);
    expect(await deadLetters.redrive('default', entries.slice(1, 2))).toEqual(['redriven']);
    expect(await deadLetters.purge('default', { most: 0 }, 10)).toBe(1);
    await fixture.redis.del(key(id), '{nestwork}:dead-notes:default');
  });
});

it('a task without notes gets no key in any of its states', async () => {
  const { id, message, child } = await held();
  await fixture.broker.bury(child, { id, queue: 'default', message }, REPORT);
  expect(await fixture.redis.keys('{nestwork}:*notes*')).toEqual([]);
});
