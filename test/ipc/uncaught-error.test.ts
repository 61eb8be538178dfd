import { fstatSync, writeSync } from 'node:fs';
import { ScoreboardReader } from '../../src/ipc/scoreboard-reader.js';
import { ScoreboardWriter } from '../../src/ipc/scoreboard-writer.js';
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

describe('the note of an uncaught error', () => {
  it('is empty at first', () => {
    expect(reader.uncaughtError()).toBeUndefined();
  });

  it('arrives as it was written', () => {
    writer.write(WORDS);
    expect(reader.uncaughtError()).toEqual(WORDS);
  });

  it('is the last that was written, even when it is shorter', () => {
    writer.write(WORDS);
    writer.write({ error: 'Error: b' });
    expect(reader.uncaughtError()).toEqual({ error: 'Error: b' });
  });

  it('can be withdrawn', () => {
    writer.write(WORDS);
    writer.withdraw();
    expect(reader.uncaughtError()).toBeUndefined();
  });

  it('does not change the notes on tasks', () => {
    const id = new TaskIdSequence().next();
    writer.write(WORDS);
    new ScoreboardWriter(4, reader.fd).started(id);
    expect(reader.read().running).toEqual([id]);
    expect(reader.uncaughtError()).toEqual(WORDS);
  });

  it('arrives at the greatest possible length', () => {
    const longest = { error: '\u0000'.repeat(2_000), stack: '\u0000'.repeat(8_000) };
    writer.write(longest);
    expect(reader.uncaughtError()).toEqual(longest);
  });

  it.each(['', '{', 'null', '7', '[]', '{"error":7}', '{"error":"e","task":7}', '{"error":"e","task":null}'])(
    'is undefined when it is invalid: %j',
    (text) => {
      writeSync(reader.fd, text, fstatSync(reader.fd).size);
      expect(reader.uncaughtError()).toBeUndefined();
    },
  );
});
