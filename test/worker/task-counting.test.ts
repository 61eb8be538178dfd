import type { TaskSeries } from '../../src/broker/port/broker.js';
import { decodeMessage } from '../../src/message/task-message.js';
import { HardTimeoutError, TaskCancelledError } from '../../src/policy/task-errors.js';
import type { Decision } from '../../src/policy/task-policy.js';
import {
  countOf,
  decodeCounts,
  encodeCounts,
  noCounts,
  observe,
  TASK_COUNTERS,
  type TaskCounts,
} from '../../src/task/task-counts.js';
import type { Failure, Outcome } from '../../src/worker/executor.js';
import { RunningTask } from '../../src/worker/running-task.js';
import { TaskCounting } from '../../src/worker/task-counting.js';
import { claimed } from './messages.js';

const NOW = 100_000;
const RETRY: Decision = { kind: 'retry', inMs: 5 };

function counting(names: string[] = ['Some.task']): TaskCounting {
  return new TaskCounting(new Set(names));
}

function task(name = 'Some.task', enqueuedAt = NOW - 700, queue = 'default'): RunningTask {
  return new RunningTask(decodeMessage(claimed(name, [], '0000', enqueuedAt).message), queue);
}

function failure(decision: Decision, error: unknown = new Error('no'), attempted = true): Failure {
  return { kind: 'failed', error, decision, attempted, durationMs: attempted ? 30 : 0, task: task() };
}

/** The counts that are not 0. */
function shown(counts: TaskCounts | undefined): Record<string, number> {
  const counters = TASK_COUNTERS.map((counter) => [counter, counts?.[counter] ?? 0] as const);
  return Object.fromEntries(counters.filter(([, count]) => count > 0));
}

function only(series: readonly TaskSeries[]): TaskSeries | undefined {
  expect(series).toHaveLength(1);
  return series[0];
}

it.each<[string, Outcome, boolean, Record<string, number>]>([
  ['is done', { kind: 'done', result: 1, durationMs: 30 }, false, { done: 1 }],
  ['fails and is tried again', failure(RETRY), false, { failed: 1, retried: 1 }],
  ['fails and is dead', failure({ kind: 'dead' }), false, { failed: 1, dead: 1 }],
  ['drops its task', failure({ kind: 'drop' }), false, { dropped: 1 }],
  [
    'runs out of time in the process of the app',
    failure(RETRY, new HardTimeoutError('x', 1)),
    false,
    { timedOut: 1, retried: 1 },
  ],
  ['fails after the grace of a shutdown and is given back', failure(RETRY), true, {}],
])('counts an attempt that %s', (_how, outcome, givenBack, expected) => {
  const counts = counting();
  const running = task();
  counts.started(running, NOW);
  counts.ended(running, outcome, givenBack);
  const series = only(counts.take());
  expect(shown(series?.counts)).toEqual({ started: 1, ...expected });
  expect(series).toMatchObject({ queue: 'default', task: 'Some.task' });
});

it('counts a cancelled attempt as cancelled, and not as dropped', () => {
  const counts = counting();
  const running = task();
  running.abort(new TaskCancelledError('Some.task'));
  counts.ended(running, failure({ kind: 'drop' }));
  expect(shown(only(counts.take())?.counts)).toEqual({ cancelled: 1 });
});

it('counts a task that is dead without a start, and not one that is parked', () => {
  const counts = counting();
  const message = claimed('Some.task');
  counts.unstarted(message, failure({ kind: 'dead' }, new Error('expired'), false));
  counts.unstarted(message, failure(RETRY, new Error('unknown'), false));
  expect(shown(only(counts.take())?.counts)).toEqual({ dead: 1 });
});

it('counts tasks that the app does not have, and bytes that are no task, as `other`', () => {
  const counts = counting([]);
  const message = claimed('Foreign.task');
  counts.unstarted(message, failure({ kind: 'dead' }));
  counts.unstarted(message, { ...failure({ kind: 'dead' }), task: undefined });
  const series = only(counts.take());
  expect(series?.task).toBe('other');
  expect(shown(series?.counts)).toEqual({ dead: 2 });
});

it('takes the times of waiting and running, and none below 0 from a clock that is behind', () => {
  const counts = counting();
  counts.started(task('Some.task', NOW - 700), NOW);
  counts.started(task('Some.task', NOW + 700), NOW);
  counts.ended(task(), { kind: 'done', result: 1, durationMs: 30.25 });
  const series = only(counts.take());
  expect(series?.counts.waiting.sumUs).toBe(700_000);
  expect(series?.counts.waiting.buckets).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
  expect(series?.counts.duration.sumUs).toBe(30_250);
  expect(series?.counts.duration.buckets[2]).toBe(1);
});

it('keeps names and queues apart, and begins at 0 after they are taken', () => {
  const counts = counting();
  for (const [name, queue] of [
    ['A.a', 'default'],
    ['B.b', 'default'],
    ['A.a', 'bulk'],
    ['A.a', 'default'],
  ] as const) {
    counts.started(task(name, NOW, queue), NOW);
  }
  expect(counts.take().map(({ queue, task: name, counts: { started } }) => [queue, name, started])).toEqual([
    ['default', 'A.a', 2],
    ['default', 'B.b', 1],
    ['bulk', 'A.a', 1],
  ]);
  expect(counts.isEmpty).toBe(true);
  counts.started(task('A.a'), NOW);
  expect(counts.take().map(({ counts: { started } }) => started)).toEqual([1]);
});

it('has at most a thousand series, and counts further ones as `other` of their queue', () => {
  const counts = counting();
  for (let index = 0; index < 1_003; index += 1) counts.started(task(`Task.${index}`), NOW);
  counts.started(task('Task.7'), NOW);
  const series = counts.take();
  expect(series).toHaveLength(1_001);
  expect(series.at(-1)).toMatchObject({ task: 'other', counts: { started: 3 } });
  expect(series[7]?.counts.started).toBe(2);
});

describe('counts as Redis has them', () => {
  it('are decoded unchanged, without those that are 0', () => {
    const counts = noCounts();
    counts.done = 12;
    counts.timedOut = 1;
    for (const ms of [1, 5, 30, 3_700_000]) observe(counts.duration, ms);
    const text = encodeCounts(counts);
    expect(text).toBe('done 12 timedOut 1 d5 2 d100 1 dmore 1 dsum 3700036000');
    expect(decodeCounts(text)).toEqual(counts);
    expect(countOf(counts.duration)).toBe(4);
    expect(encodeCounts(noCounts())).toBe('');
  });

  it('of another version, and foreign values, are ignored', () => {
    expect(decodeCounts('done 3 novel 7 d42 9 failed x <done>')).toEqual({ ...noCounts(), done: 3 });
  });
});
