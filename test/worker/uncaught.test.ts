import { jest } from '@jest/globals';
import type { UncaughtError, UncaughtErrorWriter } from '../../src/ipc/uncaught-error.js';
import { decodeMessage } from '../../src/message/task-message.js';
import { RunningTask } from '../../src/worker/running-task.js';
import { runningTask } from '../../src/worker/task-context.js';
import { noteUncaughtErrors } from '../../src/worker/uncaught.js';
import { claimed } from './messages.js';

let note: UncaughtError | undefined;
let full = false;
const writer: Pick<UncaughtErrorWriter, 'write' | 'withdraw'> = {
  write: (given) => {
    if (full) throw new Error('ENOSPC');
    note = given;
  },
  withdraw: () => {
    note = undefined;
  },
};

/** Does as Node does when the process ends in order, by `process.exit()` or an uncaught error. */
const exit = (): void => {
  for (const listener of added) listener(1);
};
let added: NodeJS.ExitListener[] = [];
let sealing = false;

beforeEach(() => {
  jest.useFakeTimers();
  full = false;
  const before = process.listeners('exit');
  sealing = false;
  noteUncaughtErrors(writer, () => sealing);
  added = process.listeners('exit').filter((listener) => !before.includes(listener));
});
afterEach(() => {
  jest.useRealTimers();
  process.removeAllListeners('uncaughtExceptionMonitor');
  for (const listener of added) process.off('exit', listener);
  note = undefined;
});

/** Does as Node does before an uncaught error ends the process or reaches a listener of the app. */
function uncaught(error: Error): void {
  (process as NodeJS.EventEmitter).emit('uncaughtExceptionMonitor', error, 'uncaughtException');
}

it('an uncaught error is written down with the task that threw it', () => {
  const task = new RunningTask(decodeMessage(claimed('A.b').message), 'default');
  runningTask.run(task, () => uncaught(new TypeError('boom')));
  expect(note).toEqual({
    error: 'TypeError: boom',
    stack: expect.stringContaining('TypeError: boom\n    at'),
    task: { id: task.id, name: 'A.b' },
  });
});

it('an uncaught error of a sealed task is written down with its name for Redis', () => {
  const task = new RunningTask(decodeMessage(claimed('A.b').message), 'default');
  task.sealed = true;
  runningTask.run(task, () => uncaught(new TypeError('boom')));
  expect(note).toMatchObject({ error: 'TypeError: boom', withheld: 'TypeError', task: { id: task.id } });
});

it.each([
  ['a value that is no error', { name: 'Anna', message: 'of Anna' }],
  ['an error whose name is a sentence', Object.assign(new Error('of Anna'), { name: 'of Anna' })],
])('the name of %s is withheld from Redis, too, where tasks are sealed', (_, thrown) => {
  sealing = true;
  uncaught(thrown as Error);
  expect(note).toMatchObject({ withheld: 'error' });
});

it('an uncaught error of an unknown task is written down with its name where tasks are sealed', () => {
  sealing = true;
  uncaught(new RangeError('boom'));
  expect(note).toMatchObject({ error: 'RangeError: boom', withheld: 'RangeError' });
});

it('an uncaught error outside of a task is written down without a task', () => {
  uncaught(new Error('boom'));
  expect(note?.task).toBeUndefined();
});

it('the note of an uncaught error is withdrawn when the app catches the error itself and the process lives on', () => {
  uncaught(new Error('first'));
  jest.advanceTimersByTime(4_000);
  uncaught(new Error('second'));
  jest.advanceTimersByTime(4_000);
  expect(note?.error).toBe('Error: second');
  jest.advanceTimersByTime(1_000);
  expect(note).toBeUndefined();
});

it('the note of an uncaught error is withdrawn at a later end, when the process was blocked in between', () => {
  uncaught(new Error('survived'));
  exit();
  expect(note?.error).toBe('Error: survived');
  const now = performance.now();
  const clock = jest.spyOn(performance, 'now').mockReturnValue(now + 5_000);
  exit();
  clock.mockRestore();
  expect(note).toBeUndefined();
});

it('an uncaught error without room for its note throws no second error', () => {
  full = true;
  expect(() => uncaught(new Error('boom'))).not.toThrow();
});
