import { NestworkError } from '../../src/errors.js';
import { LogOnce } from '../../src/values/log-once.js';

it('LogOnce logs each error once until the trouble is over', () => {
  const logged: string[] = [];
  const logOnce = new LogOnce((text) => logged.push(text));
  logOnce.about(new Error('a'));
  logOnce.about(new Error('b'));
  logOnce.about(new Error('a'));
  logOnce.about('thrown');
  expect(logged).toEqual(['a', 'b', 'thrown']);
  expect(logOnce.over()).toBe(true);
  expect(logOnce.over()).toBe(false);
  logOnce.about(new Error('a'));
  expect(logged).toEqual(['a', 'b', 'thrown', 'a']);
});

it.each(['REDIS_UNAVAILABLE', 'REDIS_TIMEOUT'] as const)(
  'LogOnce logs no outage, because the connection logs it: %s',
  (code) => {
    const logged: string[] = [];
    new LogOnce((text) => logged.push(text)).about(new NestworkError(code, 'gone', 'wait'));
    expect(logged).toEqual([]);
  },
);
