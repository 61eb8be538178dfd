import { jest } from '@jest/globals';
import { UnansweredSends } from '../../src/client/unanswered-sends.js';

function listeners(): number {
  return process.listenerCount('exit');
}

it.each([
  ['real', () => {}],
  ['faked', () => jest.useFakeTimers()],
])('keeps no listener once its calls have ended, with the timers of a test %s', async (_which, fake) => {
  const before = listeners();
  fake();
  try {
    const sends = new UnansweredSends();
    sends.begin('A.b');
    sends.begin('A.b');
    expect(listeners()).toBe(before + 1);
    sends.end('A.b');
    sends.end('A.b');
    sends.begin('A.c');
    expect(listeners()).toBe(before + 1);
    sends.end('A.c');
  } finally {
    jest.useRealTimers();
  }
  while (listeners() > before) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(listeners()).toBe(before);
});
