import { Backoff } from '../../src/supervisor/backoff.js';

it('Backoff doubles from half a second to 30 seconds, and stays there', () => {
  const backoff = new Backoff();
  const pauses = Array.from({ length: 9 }, () => backoff.next());
  expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  for (let attempt = 0; attempt < 2_000; attempt += 1) backoff.next();
  expect(backoff.next()).toBe(30_000);
});

it('Backoff starts over after a reset', () => {
  const backoff = new Backoff();
  backoff.next();
  backoff.next();
  backoff.reset();
  expect(backoff.next()).toBe(500);
});
