import { setTimeout as delay } from 'node:timers/promises';
import { decodeMessage } from '../../src/message/task-message.js';
import type { DoneRecord } from '../../src/task/done-record.js';
import { DoneLog, keptDone } from '../../src/worker/done-log.js';
import type { Outcome } from '../../src/worker/executor.js';
import { RunningTask } from '../../src/worker/running-task.js';
import { claimed } from './messages.js';

const NEVER_MS = 60_000;
const DONE: Outcome = { kind: 'done', result: 1, durationMs: 200.4 };
const DEAD: Outcome = {
  kind: 'failed',
  error: new Error('no'),
  decision: { kind: 'dead' },
  attempted: true,
  durationMs: 1,
};

/** Redis, as far as done tasks go. */
class Kept {
  readonly calls: { task: string; most: number; records: readonly DoneRecord[] }[] = [];
  refused = false;
  readonly keep = async (task: string, most: number, records: readonly DoneRecord[]): Promise<void> => {
    this.calls.push({ task, most, records });
    if (this.refused) throw new Error('refused');
  };
}

function task(name: string, counters = '0000'): RunningTask {
  return new RunningTask(decodeMessage(claimed(name, ['secret'], counters, 500).message), 'default');
}

it('the done tasks of a name that asks for it are sent together, without arguments', async () => {
  const redis = new Kept();
  const log = new DoneLog(new Map([['Some.task', 3]]), { ...redis, everyMs: 5, clock: () => 1_000 });
  const [first, second] = [task('Some.task'), task('Some.task', '0100')];
  for (const [one, outcome] of [
    [first, DONE],
    [second, DONE],
    [task('Some.task'), DEAD],
    [task('Other.task'), DONE],
  ] as const)
    log.onOutcome(one, outcome);
  expect(redis.calls).toEqual([]);
  while (redis.calls.length === 0) await delay(2);
  const times = { queue: 'default', enqueuedAt: 500, startedAt: 800, endedAt: 1_000 };
  expect(redis.calls).toEqual([
    {
      task: 'Some.task',
      most: 3,
      records: [
        { id: first.id, ...times, attempt: 1 },
        { id: second.id, ...times, attempt: 2 },
      ],
    },
  ]);
  await log.end();
});

it('500 of them are sent at once, and the rest at the end of the child', async () => {
  const redis = new Kept();
  const log = new DoneLog(new Map([['Some.task', 3]]), { ...redis, everyMs: NEVER_MS });
  for (let count = 0; count < 501; count += 1) log.onOutcome(task('Some.task'), DONE);
  await log.end();
  expect(redis.calls.map(({ records }) => records.length)).toEqual([500, 1]);
});

it('those that Redis refuses are dropped', async () => {
  const redis = new Kept();
  redis.refused = true;
  const log = new DoneLog(new Map([['Some.task', 3]]), { ...redis, everyMs: NEVER_MS });
  log.onOutcome(task('Some.task'), DONE);
  await log.settled();
  await log.end();
  expect(redis.calls.length).toBe(1);
});

it('an app in which no name asks for it has no listener', () => {
  const entries = [
    { name: 'a', queue: 'default' },
    { name: 'b', queue: 'default', keepDone: 0 },
  ];
  expect(keptDone(entries)).toBeUndefined();
  expect(keptDone([...entries, { name: 'c', queue: 'default', keepDone: 7 }])).toEqual(new Map([['c', 7]]));
});
