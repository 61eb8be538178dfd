import { fstatSync, writeSync } from 'node:fs';
import { ScoreboardReader, ScoreboardWriter } from '../../src/ipc/scoreboard.js';
import { UncaughtErrorWriter } from '../../src/ipc/uncaught-error.js';
import { TaskIdSequence } from '../../src/message/task-id.js';

const WORDS = { error: 'TypeError: nö', stack: 'TypeError: nö\n    at here', task: { id: 'k3v9', name: 'A.b' } };

let reader: ScoreboardReader;
let writer: UncaughtErrorWriter;
beforeEach(() => {
  reader = new ScoreboardReader(4);
  writer = new UncaughtErrorWriter(reader.fd);
});
afterEach(() => reader.close());

describe('last words', () => {
  it('are none at first', () => {
    expect(reader.uncaughtError()).toBeUndefined();
  });

  it('arrive as they were written', () => {
    writer.write(WORDS);
    expect(reader.uncaughtError()).toEqual(WORDS);
  });

  it('are those that were written last, also when they are shorter', () => {
    writer.write(WORDS);
    writer.write({ error: 'Error: b' });
    expect(reader.uncaughtError()).toEqual({ error: 'Error: b' });
  });

  it('can be withdrawn', () => {
    writer.write(WORDS);
    writer.withdraw();
    expect(reader.uncaughtError()).toBeUndefined();
  });

  it('disturb none of the notes on tasks', () => {
    const id = new TaskIdSequence().next();
    writer.write(WORDS);
    new ScoreboardWriter(4, reader.fd).started(id);
    expect(reader.read().running).toEqual([id]);
    expect(reader.uncaughtError()).toEqual(WORDS);
  });

  it('of the greatest length there can be arrive', () => {
    const longest = { error: '\u0000'.repeat(2_000), stack: '\u0000'.repeat(8_000) };
    writer.write(longest);
    expect(reader.uncaughtError()).toEqual(longest);
  });

  it.each(['', '{', 'null', '7', '[]', '{"error":7}', '{"error":"e","task":7}', '{"error":"e","task":null}'])(
    'that make no sense are none: %j',
    (text) => {
      writeSync(reader.fd, text, fstatSync(reader.fd).size);
      expect(reader.uncaughtError()).toBeUndefined();
    },
  );
});
