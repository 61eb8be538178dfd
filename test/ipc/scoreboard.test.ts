import { fstatSync } from 'node:fs';
import { monotonicMs } from '../../src/ipc/monotonic-clock.js';
import { nameIndex } from '../../src/ipc/scoreboard-layout.js';
import { ScoreboardReader } from '../../src/ipc/scoreboard-reader.js';
import { ScoreboardWriter } from '../../src/ipc/scoreboard-writer.js';
import { TaskIdSequence } from '../../src/message/task-id.js';

const CAPACITY = 4;

const ids = new TaskIdSequence();
let reader: ScoreboardReader;
let writer: ScoreboardWriter;
beforeEach(() => {
  reader = new ScoreboardReader(CAPACITY);
  writer = new ScoreboardWriter(CAPACITY, reader.fd);
});
afterEach(() => reader.close());

it('a scoreboard is empty at first', () => {
  expect(reader.read()).toEqual({
    running: [],
    done: [],
    started: new Set(),
    limited: [],
  });
  expect(reader.window()).toEqual({ untilMs: Number.POSITIVE_INFINITY, claimNumber: 0 });
});

it('a scoreboard has no name, so that it leaves no file behind', () => {
  expect(fstatSync(reader.fd).nlink).toBe(0);
});

describe('the window for starts', () => {
  it('has the number of the claim and a time of the clock of the machine', () => {
    const untilMs = monotonicMs();
    writer.window(7, untilMs);
    expect(reader.window()).toEqual({ untilMs, claimNumber: 7 });
    expect(monotonicMs()).toBeGreaterThanOrEqual(untilMs);
    expect(Math.abs(Number(process.hrtime.bigint()) / 1e6 - monotonicMs())).toBeLessThan(60_000);
  });

  it('does not change tasks that run', () => {
    const id = ids.next();
    writer.started(id);
    writer.window(2, 1);
    expect(reader.read()).toMatchObject({ running: [id], started: new Set([id]) });
  });
});

describe('a task', () => {
  it('is active with its name and since when, until its handler has ended', () => {
    const [slow, quick, unnamed] = [ids.next(), ids.next(), ids.next()];
    const names = nameIndex([{ name: 'A.a' }, { name: 'B.b' }]);
    const before = monotonicMs();
    writer.started(slow, names.get('B.b'));
    writer.started(quick, names.get('A.a'));
    writer.started(unnamed, names.get('C.c'));
    writer.done(quick);
    writer.flush();
    const { active } = reader.work();
    expect(active.map(({ id, name }) => [id, ['A.a', 'B.b'][name]])).toEqual([
      [slow, 'B.b'],
      [unnamed, undefined],
    ]);
    for (const { sinceMs } of active) {
      expect(sinceMs).toBeGreaterThanOrEqual(before);
      expect(sinceMs).toBeLessThanOrEqual(monotonicMs());
    }
  });

  it('counts as far as 32 bits go, and ends as well beyond that', () => {
    Reflect.set(writer, 'doneCount', 0xffff_fffe);
    for (let round = 0; round < 3; round += 1) {
      const id = ids.next();
      writer.started(id);
      writer.done(id);
      writer.flush();
      writer.confirmed(id);
    }
    expect(reader.work().done).toBe(0xffff_ffff);
  });

  it('counts once it is done, whichever entries later tasks take; one that failed does not', () => {
    expect(reader.work().done).toBe(0);
    for (let round = 0; round < 3 * CAPACITY; round += 1) {
      const id = ids.next();
      writer.started(id);
      writer.done(id);
      writer.flush();
      writer.confirmed(id);
      expect(reader.work().done).toBe(round + 1);
    }
    const [failed, running, last] = [ids.next(), ids.next(), ids.next()];
    for (const id of [failed, running, last]) writer.started(id);
    writer.failed(failed);
    expect(reader.work().done).toBe(3 * CAPACITY);
    writer.done(last);
    writer.flush();
    expect(reader.work()).toMatchObject({ active: [{ id: running }], done: 3 * CAPACITY + 1 });
  });

  it('is running once started, and no longer when finished; started it stays', () => {
    const [a, b] = [ids.next(), ids.next()];
    writer.started(a);
    writer.started(b);
    expect(reader.read()).toMatchObject({ running: [a, b], started: new Set([a, b]) });
    writer.done(a);
    writer.flush();
    expect(reader.read()).toMatchObject({ running: [b], started: new Set([a, b]) });
  });

  it('that is finished shows in one write with the start of the next', () => {
    const [a, b] = [ids.next(), ids.next()];
    writer.started(a);
    writer.done(a);
    expect(reader.read()).toMatchObject({ running: [a], done: [] });
    writer.started(b);
    expect(reader.read()).toMatchObject({ running: [b], done: [a] });
  });

  it('that succeeded differs from one that failed', () => {
    const [good, bad] = [ids.next(), ids.next()];
    writer.started(good);
    writer.started(bad);
    writer.done(good);
    writer.failed(bad);
    expect(reader.read()).toMatchObject({ running: [bad], done: [good], started: new Set([good, bad]) });
  });

  it('that failed counts no crash any more once its end is confirmed', () => {
    const id = ids.next();
    writer.started(id);
    writer.failed(id);
    writer.confirmed(id);
    expect(reader.read().running).toEqual([]);
  });

  it('is not started when withdrawn', () => {
    const id = ids.next();
    writer.started(id);
    writer.withdrawn(id);
    expect(reader.read()).toMatchObject({ running: [], started: new Set() });
  });

  it('that was confirmed gives its place to another', () => {
    const [old, fresh] = [ids.next(), ids.next()];
    writer.started(old);
    writer.done(old);
    writer.confirmed(old);
    writer.started(fresh);
    expect(reader.read()).toMatchObject({ running: [fresh], started: new Set([fresh]) });
  });

  it('that was never started can be finished, confirmed and withdrawn without effect', () => {
    const id = ids.next();
    writer.done(id);
    writer.confirmed(id);
    writer.withdrawn(id);
    expect(reader.read()).toMatchObject({ running: [], started: new Set() });
  });
});

it('a scoreboard has room for as many tasks as a child can hold, over and over, and for no more', () => {
  for (let round = 0; round < 3; round += 1) {
    const held = Array.from({ length: CAPACITY }, () => ids.next());
    for (const id of held) writer.started(id);
    expect(reader.read().running).toEqual(held);
    expect(() => writer.started(ids.next())).toThrow('full');
    for (const id of held) writer.done(id);
    for (const id of [...held].reverse()) writer.confirmed(id);
  }
});
