import { jest } from '@jest/globals';
import type { UncaughtError, UncaughtErrorWriter } from '../../src/ipc/uncaught-error.js';
import { decodeMessage } from '../../src/message/task-message.js';
import { RunningTask } from '../../src/worker/running-task.js';
import { runningTask } from '../../src/worker/task-context.js';
import { noteUncaughtErrors } from '../../src/worker/uncaught.js';
import { claimed } from './messages.js';

let words: UncaughtError | undefined;
let full = false;
const writer: Pick<UncaughtErrorWriter, 'write' | 'withdraw'> = {
  write: (given) => {
    if (full) throw new Error('ENOSPC');
    words = given;
  },
  withdraw: () => {
    words = undefined;
  },
};

/** What Node does when the process ends in order, by `process.exit()` or an uncaught error. */
const exit = (): void => {
  for (const listener of added) listener(1);
};
let added: NodeJS.ExitListener[] = [];

beforeEach(() => {
  jest.useFakeTimers();
  full = false;
  const before = process.listeners('exit');
  noteUncaughtErrors(writer);
  added = process.listeners('exit').filter((listener) => !before.includes(listener));
});
afterEach(() => {
  jest.useRealTimers();
  process.removeAllListeners('uncaughtExceptionMonitor');
  for (const listener of added) process.off('exit', listener);
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

it('takes it back at an end that comes later, when the process blocked meanwhile', () => {
  uncaught(new Error('survived'));
  exit();
  expect(words?.error).toBe('Error: survived');
  const now = performance.now();
  const clock = jest.spyOn(performance, 'now').mockReturnValue(now + 5_000);
  exit();
  clock.mockRestore();
  expect(words).toBeUndefined();
});

it('throws nothing itself when there is no room for the words', () => {
  full = true;
  expect(() => uncaught(new Error('boom'))).not.toThrow();
});
