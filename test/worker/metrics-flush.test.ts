import { setTimeout as delay } from 'node:timers/promises';
import type { TaskSeries } from '../../src/broker/port/broker.js';
import { decodeMessage } from '../../src/message/task-message.js';
import { MetricsFlush } from '../../src/worker/metrics-flush.js';
import { RunningTask } from '../../src/worker/running-task.js';
import { claimed } from './messages.js';

const DONE = { kind: 'done', result: 1, durationMs: 1 } as const;
const EVERY_MS = 5;

/** Records the flushes, and answers them or not. */
class Counted {
  readonly flushes: { number: number; done: number; series: number }[] = [];
  refused = false;
  held: Promise<void> | undefined;

  readonly flush = async (_child: unknown, number: number, series: readonly TaskSeries[]): Promise<void> => {
    const done = series.reduce((sum, { counts }) => sum + counts.done, 0);
    this.flushes.push({ number, done, series: series.length });
    await this.held;
    if (this.refused) throw new Error('refused');
  };

  async until(condition: (flushes: Counted['flushes']) => boolean): Promise<void> {
    while (!condition(this.flushes)) await delay(2);
  }
}

function flusher(broker: Counted, everyMs = EVERY_MS): MetricsFlush {
  return new MetricsFlush({ broker, claimant: { child: 'c' }, names: ['Some.task'], everyMs });
}

function end(metrics: MetricsFlush, name = 'Some.task'): void {
  metrics.onOutcome(new RunningTask(decodeMessage(claimed(name).message), 'default'), DONE);
}

it('sends counts together, and no command without counts', async () => {
  const broker = new Counted();
  const metrics = flusher(broker);
  end(metrics);
  end(metrics);
  await broker.until(({ length }) => length === 1);
  expect(broker.flushes).toEqual([{ number: 1, done: 2, series: 1 }]);
  end(metrics);
  await broker.until(({ length }) => length === 2);
  await metrics.end();
  expect(broker.flushes).toEqual([
    { number: 1, done: 2, series: 1 },
    { number: 2, done: 1, series: 1 },
  ]);
});

it('repeats a failed flush unchanged, and sends later counts under the next number', async () => {
  const broker = new Counted();
  broker.refused = true;
  const metrics = flusher(broker);
  end(metrics);
  await broker.until(({ length }) => length >= 2);
  end(metrics);
  end(metrics);
  const { length } = broker.flushes;
  await broker.until((flushes) => flushes.length > length);
  broker.refused = false;
  await broker.until((flushes) => flushes.some(({ number }) => number === 2));
  await metrics.end();
  expect(broker.flushes.filter(({ number }) => number === 1).every(({ done }) => done === 1)).toBe(true);
  expect(broker.flushes.filter(({ number }) => number !== 1)).toEqual([{ number: 2, done: 2, series: 1 }]);
});

it('sends the last counts at its end, also those made during another flush', async () => {
  const broker = new Counted();
  let answer: () => void = () => {};
  broker.held = new Promise((resolve) => (answer = resolve));
  const metrics = flusher(broker, 1);
  end(metrics);
  await broker.until(({ length }) => length === 1);
  end(metrics);
  const ended = metrics.end();
  broker.held = undefined;
  answer();
  await ended;
  expect(broker.flushes.map(({ done }) => done)).toEqual([1, 1]);
});

it('ends without an answer of Redis', async () => {
  const broker = new Counted();
  broker.held = new Promise(() => {});
  const metrics = flusher(broker, 60_000);
  end(metrics);
  await metrics.end();
  expect(broker.flushes).toHaveLength(1);
});

it('sends a hundred series at a time', async () => {
  const broker = new Counted();
  const metrics = flusher(broker, 60_000);
  for (let index = 0; index < 250; index += 1) end(metrics, `Task.${index}`);
  await metrics.end();
  expect(broker.flushes.map(({ number, series }) => [number, series])).toEqual([
    [1, 100],
    [2, 100],
    [3, 50],
  ]);
});
