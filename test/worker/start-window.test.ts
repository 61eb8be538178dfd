import { monotonicMs } from '../../src/ipc/monotonic-clock.js';
import type { ScoreboardWriter } from '../../src/ipc/scoreboard-writer.js';
import { START_WINDOW_MS, StartWindow } from '../../src/worker/start-window.js';

/** A window and the times, in ms, for which it noted that it stays open. */
function observed(): { window: StartWindow; noted: number[] } {
  const noted: number[] = [];
  const scoreboard = { window: (_claim: number, untilMs: number) => noted.push(untilMs - monotonicMs()) };
  return { window: new StartWindow(scoreboard as unknown as ScoreboardWriter, () => {}), noted };
}

/** Lets so many ms pass, as a task that blocks does. */
function block(ms: number): void {
  const untilMs = monotonicMs() + ms;
  while (monotonicMs() < untilMs);
}

function answerAfter(window: StartWindow, claimNumber: number, ms: number): void {
  window.open(claimNumber);
  block(ms);
  window.answered();
}

it('the window stays open longer when Redis answers slowly', () => {
  const { window, noted } = observed();
  answerAfter(window, 1, 200);
  window.open(2);
  expect(noted.at(-1)).toBeGreaterThan(START_WINDOW_MS + 100);
  window.close();
});

it('the window does not grow when this process was too busy to read the answer', () => {
  const { window, noted } = observed();
  answerAfter(window, 1, 0);
  answerAfter(window, 2, 400);
  window.open(3);
  expect(noted.at(-1)).toBeLessThan(START_WINDOW_MS + 400);
  window.close();
});
