import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { UnansweredSends } from '../../src/client/unanswered-sends.js';

let warn: ReturnType<typeof jest.spyOn>;

beforeEach(() => {
  warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
});

afterEach(() => {
  jest.restoreAllMocks();
});

/** Our part of the end of the process. */
function exitListeners(): (() => void)[] {
  return process.listeners('exit').filter(({ name }) => name === 'atExit') as unknown as (() => void)[];
}

function exit(): void {
  for (const listener of exitListeners()) listener();
}

it('a process that ends logs the calls that it cuts off, of every app', () => {
  const sends = new UnansweredSends();
  const others = new UnansweredSends();
  for (const task of ['Mail.send', 'Mail.send', 'Reports.write', 'Mail.send']) sends.begin(task);
  sends.end('Mail.send');
  others.begin('Cache.warm');
  exit();
  expect(warn).toHaveBeenCalledTimes(2);
  expect(warn).toHaveBeenCalledWith(expect.stringContaining('3 calls of delay() (Mail.send, Reports.write)'));
  expect(warn).toHaveBeenCalledWith(expect.stringContaining('1 call of delay() (Cache.warm)'));
  for (const task of ['Mail.send', 'Mail.send', 'Reports.write']) sends.end(task);
  others.end('Cache.warm');
});

it('a process that ends logs nothing once all calls are answered', () => {
  const sends = new UnansweredSends();
  for (let call = 0; call < 3; call += 1) {
    sends.begin('Mail.send');
    sends.end('Mail.send');
  }
  exit();
  expect(warn).not.toHaveBeenCalled();
  sends.begin('Mail.send');
  exit();
  expect(warn).toHaveBeenCalledTimes(1);
  sends.end('Mail.send');
});

it('a process with many apps has one listener at its end', () => {
  const apps = Array.from({ length: 20 }, () => new UnansweredSends());
  for (const sends of apps) sends.begin('A.b');
  expect(exitListeners()).toHaveLength(1);
  for (const sends of apps) sends.end('A.b');
});
