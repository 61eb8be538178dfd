import { NestworkError } from '../../src/errors.js';
import { LogOnce } from '../../src/values/log-once.js';

it('tells of each trouble once, until it is over', () => {
  const told: string[] = [];
  const logOnce = new LogOnce((what) => told.push(what));
  logOnce.about(new Error('a'));
  logOnce.about(new Error('b'));
  logOnce.about(new Error('a'));
  logOnce.about('thrown');
  expect(told).toEqual(['a', 'b', 'thrown']);
  expect(logOnce.over()).toBe(true);
  expect(logOnce.over()).toBe(false);
  logOnce.about(new Error('a'));
  expect(told).toEqual(['a', 'b', 'thrown', 'a']);
});

it.each(['REDIS_UNAVAILABLE', 'REDIS_TIMEOUT'] as const)('leaves an outage to the connection: %s', (code) => {
  const told: string[] = [];
  new LogOnce((what) => told.push(what)).about(new NestworkError(code, 'gone', 'wait'));
  expect(told).toEqual([]);
});
