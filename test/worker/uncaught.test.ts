import { jest } from '@jest/globals';
import type { LastWords, LastWordsWriter } from '../../src/supervisor/last-words.js';
import { decodeMessage } from '../../src/task/task-message.js';
import { RunningTask } from '../../src/worker/running-task.js';
import { runningTask } from '../../src/worker/task-context.js';
import { noteUncaughtErrors } from '../../src/worker/uncaught.js';
import { claimed } from './messages.js';

let words: LastWords | undefined;
let full = false;
const writer: Pick<LastWordsWriter, 'write' | 'withdraw'> = {
  write: (given) => {
    if (full) throw new Error('ENOSPC');
    words = given;
  },
  withdraw: () => {
    words = undefined;
  },
};

beforeEach(() => {
  jest.useFakeTimers();
  full = false;
  noteUncaughtErrors(writer);
});
afterEach(() => {
  jest.useRealTimers();
  process.removeAllListeners('uncaughtExceptionMonitor');
  words = undefined;
});

/** What Node does before an uncaught error ends the process, or a listener of the app has it. */
function uncaught(error: Error): void {
  (process as NodeJS.EventEmitter).emit('uncaughtExceptionMonitor', error, 'uncaughtException');
}

it('leaves word of the error, and of the task out of which it was thrown', () => {
  const task = new RunningTask(decodeMessage(claimed('A.b').message), 'default');
  runningTask.run(task, () => uncaught(new TypeError('boom')));
  expect(words).toEqual({
    error: 'TypeError: boom',
    stack: expect.stringContaining('TypeError: boom\n    at'),
    task: { id: task.id, name: 'A.b' },
  });
});

it('knows of no task outside of one', () => {
  uncaught(new Error('boom'));
  expect(words?.task).toBeUndefined();
});

it('takes it back when the process lives on, because the app caught the error itself', () => {
  uncaught(new Error('first'));
  jest.advanceTimersByTime(4_000);
  uncaught(new Error('second'));
  jest.advanceTimersByTime(4_000);
  expect(words?.error).toBe('Error: second');
  jest.advanceTimersByTime(1_000);
  expect(words).toBeUndefined();
});

it('throws nothing itself when there is no room for the words', () => {
  full = true;
  expect(() => uncaught(new Error('boom'))).not.toThrow();
});
