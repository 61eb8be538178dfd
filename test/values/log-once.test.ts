import { NestworkError } from '../../src/errors.js';
import { Complaints } from '../../src/values/log-once.js';

it('tells of each trouble once, until it is over', () => {
  const told: string[] = [];
  const complaints = new Complaints((what) => told.push(what));
  complaints.about(new Error('a'));
  complaints.about(new Error('b'));
  complaints.about(new Error('a'));
  complaints.about('thrown');
  expect(told).toEqual(['a', 'b', 'thrown']);
  expect(complaints.over()).toBe(true);
  expect(complaints.over()).toBe(false);
  complaints.about(new Error('a'));
  expect(told).toEqual(['a', 'b', 'thrown', 'a']);
});

it.each(['REDIS_UNAVAILABLE', 'REDIS_TIMEOUT'] as const)('leaves an outage to the connection: %s', (code) => {
  const told: string[] = [];
  new Complaints((what) => told.push(what)).about(new NestworkError(code, 'gone', 'wait'));
  expect(told).toEqual([]);
});
