import type { CronRunFigures } from '../inspector/metrics/cron-figures.js';
import type { CurrentMetrics } from '../inspector/metrics/metrics-reader.js';
import type { OutboxStatus } from '../inspector/outbox/outbox-status.js';
import { BUCKETS, countOf, type Histogram, TASK_COUNTERS, type TaskCounter } from '../task/task-counts.js';
import type { MetricFamily, MetricSample } from './metric-family.js';

const STATES = {
  pending: 'pending',
  held: 'heldBack',
  scheduled: 'scheduled',
  quarantined: 'quarantined',
  dead: 'dead',
} as const;

const HELP: Readonly<Record<TaskCounter, string>> = {
  started: 'Attempts whose handler was called.',
  done: 'Attempts that returned.',
  failed: 'Attempts that threw an error.',
  retried: 'Attempts that failed or ran out of time, after which the task runs again.',
  dead: 'Tasks that will not run again.',
  timedOut: 'Attempts that ran longer than their hard timeout.',
  crashed: 'Attempts whose process died, where no other task was to blame.',
  cancelled: 'Tasks that were cancelled.',
  dropped: 'Attempts after which the task was dropped.',
};

/** Empty families where Redis could not be read: their names stay, and no value is made up. */
export function familiesOf(current: CurrentMetrics | undefined): MetricFamily[] {
  const { queues = [], limits = [], outboxes = [], crons = [], totals = [] } = current ?? {};
  return [
    gauge('redis_up', 'Whether Redis could be read: 1 or 0.', [plain(current ? 1 : 0)]),
    gauge(
      'queue_tasks',
      'Tasks in a queue by state; held: a limit keeps them from starting.',
      queues.flatMap((each) =>
        Object.entries(STATES).map(([state, field]) => plain(each[field], { queue: each.queue, state })),
      ),
    ),
    gauge(
      'queue_oldest_task_age_seconds',
      'How long the next task of a queue has waited, or has been due.',
      queues.map(({ queue, oldestMs }) => plain(oldestMs / 1_000, { queue })),
    ),
    gauge(
      'queue_paused',
      'Whether a queue is paused: 1 or 0.',
      queues.map(({ queue, isPaused }) => plain(isPaused ? 1 : 0, { queue })),
    ),
    gauge(
      'limit_used',
      'Tasks that hold a limit, under all of its keys.',
      limits.flatMap(({ name, used }) => (used === undefined ? [] : [plain(used, { limit: name })])),
    ),
    gauge(
      'limit_waiting_lines',
      'Lines of tasks that a limit holds back: those with the same limits, keys and tenant are one line.',
      limits.map(({ name, waitingLines }) => plain(waitingLines, { limit: name })),
    ),
    gauge(
      'limit_waiting_tasks',
      'Tasks that a limit holds back.',
      limits.flatMap(({ name, waitingTasks: tasks }) => (tasks === undefined ? [] : [plain(tasks, { limit: name })])),
    ),
    gauge(
      'outbox_rows',
      'Rows of an outbox that wait for the relay.',
      outboxes.map((outbox) => plain(outbox.waiting, labelsOf(outbox))),
    ),
    gauge(
      'outbox_oldest_seconds',
      'How long the oldest row of an outbox has waited, also while nobody relays it.',
      outboxes.map((outbox) => plain(outbox.oldestMs / 1_000, labelsOf(outbox))),
    ),
    gauge(
      'outbox_put_aside_rows',
      'Rows of an outbox that were put aside, because they cannot be read.',
      outboxes.map((outbox) => plain(outbox.putAside, labelsOf(outbox))),
    ),
    ...cronFamilies(crons),
    gauge('workers', 'Workers with a lease.', one(current?.workers)),
    gauge('children', 'Children of workers that can run tasks.', one(current?.children)),
    gauge(
      'active_tasks',
      'Tasks that the children of a host hold.',
      (current?.active ?? []).map(({ host, tasks }) => plain(tasks, { host })),
    ),
    counter('stale_acks', 'Acks that changed nothing, because other workers had the tasks.', one(current?.staleAcks)),
    ...TASK_COUNTERS.map((name) =>
      counter(
        `tasks_${snake(name)}`,
        HELP[name],
        totals.map(({ queue, task, counts }) => plain(counts[name], { queue, task })),
      ),
    ),
    ...(['duration', 'waiting'] as const).map((name) => ({
      name: `nestwork_task_${name}_seconds`,
      help:
        name === 'duration' ? 'How long attempts ran.' : 'How long tasks waited from when they were due to a start.',
      type: 'histogram' as const,
      samples: totals.flatMap(({ queue, task, counts }) => histogram(counts[name], { queue, task })),
    })),
  ];
}

function cronFamilies(crons: CurrentMetrics['crons']): MetricFamily[] {
  const ofLastRun = (name: string, help: string, of: (run: CronRunFigures) => number | undefined): MetricFamily => {
    const samples = crons.flatMap((cron) => {
      const value = cron.lastRun && of(cron.lastRun);
      return value === undefined ? [] : [plain(value, { cron: cron.name })];
    });
    return gauge(`cron_last_run_${name}`, help, samples);
  };
  const count = (name: 'skipped' | 'missed', help: string): MetricFamily =>
    counter(
      `cron_${name}`,
      help,
      crons.map((cron) => plain(cron[name], { cron: cron.name })),
    );
  return [
    gauge(
      'cron_paused',
      'Whether a cron is paused: 1 or 0.',
      crons.map(({ name, isPaused }) => plain(isPaused ? 1 : 0, { cron: name })),
    ),
    ofLastRun('age_seconds', 'How long ago the last attempt of a cron ended.', ({ ageMs }) => ageMs / 1_000),
    ofLastRun('failed', 'Whether the last attempt of a cron failed: 1 or 0.', ({ outcome }) =>
      outcome === 'failed' || outcome === 'dead' ? 1 : 0,
    ),
    ofLastRun('duration_seconds', 'How long the last attempt of a cron ran.', ({ durationMs }) => durationMs / 1_000),
    ofLastRun('late_seconds', 'How long after its time the last run of a cron started.', ({ lateMs }) =>
      lateMs === undefined ? undefined : lateMs / 1_000,
    ),
    count('skipped', 'Runs of a cron that were left out, because an earlier one waited or was under way.'),
    count('missed', 'Times of a cron for which no run was fired.'),
  ];
}

/** Tables of different databases may have the same name. */
function labelsOf({ id, table }: OutboxStatus): MetricSample['labels'] {
  return { outbox: id, table };
}

function gauge(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name: `nestwork_${name}`, help, type: 'gauge', samples };
}

function counter(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name: `nestwork_${name}_total`, help, type: 'counter', samples };
}

function plain(value: number, labels: MetricSample['labels'] = {}): MetricSample {
  return { suffix: '', labels, value };
}

function one(value: number | undefined): MetricSample[] {
  return value === undefined ? [] : [plain(value)];
}

/** Nothing where nothing was measured: each takes fifteen lines. */
function histogram(times: Histogram, labels: MetricSample['labels']): MetricSample[] {
  const count = countOf(times);
  if (count === 0) return [];
  let below = 0;
  const buckets = BUCKETS.map((bound, at) => {
    below += times.buckets[at] ?? 0;
    return bucket(String(bound), below, labels);
  });
  return [
    ...buckets,
    bucket('+Inf', count, labels),
    { suffix: '_sum', labels, value: times.sumUs / 1e6 },
    { suffix: '_count', labels, value: count },
  ];
}

function bucket(le: string, value: number, labels: MetricSample['labels']): MetricSample {
  return { suffix: '_bucket', labels: { ...labels, le }, value };
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
