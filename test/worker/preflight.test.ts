import { encodeAttempt } from '../../src/message/attempt-record.js';
import { decodeMessage } from '../../src/message/task-message.js';
import { printedText } from '../../src/values/printed.js';
import { describeError } from '../../src/worker/describe-error.js';
import { decideUnknown, expired, unknownTask } from '../../src/worker/preflight.js';
import { RunningTask } from '../../src/worker/running-task.js';
import { claimed } from './messages.js';

const PARKED = encodeAttempt({ at: 7, code: 'UNKNOWN_TASK' });
const FAILED = encodeAttempt({ at: 7, attempt: 1, code: 'TASK_FAILED' });

describe('a task that no provider of this worker has', () => {
  it.each([
    [0, 5_000],
    [1, 10_000],
    [2, 20_000],
    [5, 160_000],
    [6, 300_000],
    [10, 300_000],
  ])('that was parked %i times waits for %i ms', (parks, inMs) => {
    expect(decideUnknown(claimed('Some.task').message + PARKED.repeat(parks))).toEqual({ kind: 'retry', inMs });
  });

  it.each([11, 12, 20])('is dead after it was parked %i times, half an hour in all', (parks) => {
    expect(decideUnknown(claimed('Some.task').message + PARKED.repeat(parks))).toEqual({ kind: 'dead' });
  });

  it('is not parked longer because it failed elsewhere', () => {
    const message = claimed('Some.task', ['UNKNOWN_TASK']).message + FAILED.repeat(8) + PARKED;
    expect(decideUnknown(message)).toEqual({ kind: 'retry', inMs: 10_000 });
  });

  it('waits for half an hour before it is dead', () => {
    let [message, waitedMs] = [claimed('Some.task').message, 0];
    for (let decision = decideUnknown(message); decision.kind === 'retry'; decision = decideUnknown(message)) {
      waitedMs += decision.inMs;
      message += PARKED;
    }
    expect(waitedMs / 60_000).toBeCloseTo(30, 0);
  });

  it('is named in its error', () => {
    const error = unknownTask('Some.task');
    expect([error.code, error.message]).toEqual(['UNKNOWN_TASK', expect.stringContaining('"Some.task"')]);
  });

  it('has an error that lists the tasks of the worker, ten at most', () => {
    const known = Array.from({ length: 12 }, (_, index) => ({ name: `Other.task${index}` }));
    expect(unknownTask('Some.task', known).message).toContain('Other.task0, Other.task1,');
    expect(unknownTask('Some.task', known).message).toContain('Other.task9 and 2 more.');
    expect(unknownTask('Some.task').message).toContain('The tasks of this worker: none.');
  });

  it('has an error with the hint at `namespace`, even if the names are long', () => {
    const known = Array.from({ length: 12 }, (_, index) => ({ name: `${index}`.padEnd(200, 'x') }));
    const { error } = describeError(unknownTask('y'.repeat(200), known));
    expect(printedText(error, true)).toContain('another app on this Redis, give each app a `namespace` of its own');
  });
});

it('a task with an unknown name is parked anew when it is redriven from the dead', () => {
  const parks = encodeAttempt({ at: 1, code: 'UNKNOWN_TASK' }).repeat(11);
  const { message } = claimed('Some.task');
  expect(decideUnknown(message + parks)).toEqual({ kind: 'dead' });
  const sentAgain = parks + encodeAttempt({ at: 2, code: 'REDRIVEN' });
  expect(decideUnknown(message + sentAgain)).toEqual({ kind: 'retry', inMs: 5_000 });
});

describe('a task that starts later than its `expires`', () => {
  type Late = [task: RunningTask, raw: string];
  function task(agoMs: number, counters = '0000', history = ''): Late {
    const { message, queue } = claimed('Some.task', ['secret'], counters, Date.now() - agoMs);
    return [new RunningTask(decodeMessage(message + history), queue), message + history];
  }

  it('has an error with the time it waited, and without its arguments', () => {
    const error = expired(...task(5_000), 1_000, Date.now());
    expect(error).toMatchObject({ code: 'TASK_EXPIRED' });
    expect(error?.message).toMatch(/"Some\.task" waited for 50\d\d ms, longer than its `expires` of 1000 ms/);
    expect(error?.message).not.toContain('secret');
  });

  it.each<[string, Late, number | undefined]>([
    ['never where nothing says so', task(1e9), undefined],
    ['in its time', task(5_000), 60_000],
    ['when its clock is ahead', task(-60_000), 0],
    ['once it failed', task(1e9, '0100'), 1],
    ['once it crashed', task(1e9, '0010'), 1],
    ['once it was tried, though counters began anew', task(1e9, '0000', FAILED), 1],
    ['once it was sent again', task(1e9, '0000', encodeAttempt({ at: 1, code: 'REDRIVEN' })), 1],
  ])('is not expired %s', (_what, running, expiresMs) => {
    expect(expired(...running, expiresMs, Date.now())).toBeUndefined();
  });

  it('is expired even when it was parked', () => {
    const parked = encodeAttempt({ at: 1, code: 'UNKNOWN_TASK' });
    expect(expired(...task(5_000, '0000', parked + parked), 1_000, Date.now())).toMatchObject({ code: 'TASK_EXPIRED' });
  });
});
