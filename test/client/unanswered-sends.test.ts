import { setTimeout as delay } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { UnansweredSends } from '../../src/client/unanswered-sends.js';

let warn: ReturnType<typeof jest.spyOn>;
let listeners = 0;

beforeEach(() => {
  listeners = process.listenerCount('exit');
  warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
});

afterEach(async () => {
  jest.restoreAllMocks();
  // so that the next test does not see one go
  while (process.listenerCount('exit') > listeners) await delay(1);
});

/** What the end of the process would call of what was added since. */
function addedSince(before: readonly unknown[]): (() => void)[] {
  return process.listeners('exit').filter((listener) => !before.includes(listener)) as unknown as (() => void)[];
}

test('the end of the process tells of the calls that it cuts off', () => {
  const before = process.listeners('exit');
  const sends = new UnansweredSends();
  for (const task of ['Mail.send', 'Mail.send', 'Reports.write', 'Mail.send']) sends.begin(task);
  sends.end('Mail.send');
  const added = addedSince(before);
  expect(added).toHaveLength(1);
  for (const tell of added) tell();
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn).toHaveBeenCalledWith(expect.stringContaining('3 calls of delay() (Mail.send, Reports.write)'));
  for (const task of ['Mail.send', 'Mail.send', 'Reports.write']) sends.end(task);
});

test('it tells nothing once all are answered, and is soon asked no more', async () => {
  const before = process.listeners('exit');
  const sends = new UnansweredSends();
  for (let call = 0; call < 3; call += 1) {
    sends.begin('Mail.send');
    sends.end('Mail.send');
  }
  for (const tell of addedSince(before)) tell();
  expect(warn).not.toHaveBeenCalled();
  while (addedSince(before).length > 0) await delay(1);
  sends.begin('Mail.send');
  for (const tell of addedSince(before)) tell();
  expect(warn).toHaveBeenCalledTimes(1);
  sends.end('Mail.send');
});

test.each([
  ['real', () => {}],
  ['faked', () => jest.useFakeTimers()],
])('keeps no listener once its calls have ended, with the timers of a test %s', async (_which, fake) => {
  const before = process.listenerCount('exit');
  fake();
  try {
    const sends = new UnansweredSends();
    sends.begin('A.b');
    sends.begin('A.b');
    expect(process.listenerCount('exit')).toBe(before + 1);
    sends.end('A.b');
    sends.end('A.b');
    sends.begin('A.c');
    expect(process.listenerCount('exit')).toBe(before + 1);
    sends.end('A.c');
  } finally {
    jest.useRealTimers();
  }
  while (process.listenerCount('exit') > before) await delay(1);
  expect(process.listenerCount('exit')).toBe(before);
});
