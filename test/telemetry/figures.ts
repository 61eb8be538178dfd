import type { CurrentMetrics } from '../../src/inspector/metrics/metrics-reader.js';
import { noCounts, observe, type TaskCounts } from '../../src/task/task-counts.js';

/** Figures with something of everything. */
export function figures(given: Partial<CurrentMetrics> = {}): CurrentMetrics {
  const counts: TaskCounts = { ...noCounts(), started: 4, done: 3, failed: 1, timedOut: 2 };
  for (const ms of [3, 20, 20, 7_200_000]) observe(counts.duration, ms);
  observe(counts.waiting, 1_500);
  return {
    queues: [
      {
        queue: 'default',
        pending: 7,
        heldBack: 3,
        scheduled: 2,
        quarantined: 1,
        dead: 5,
        oldestMs: 1_500,
        isPaused: true,
      },
    ],
    limits: [
      { name: 'stripe', used: 4, waitingLines: 2, waitingTasks: 9 },
      { name: 'queue mail', used: undefined, waitingLines: 101, waitingTasks: undefined },
    ],
    outboxes: [
      {
        id: 'k3v9x0q2m700',
        table: 'shop.nestwork_outbox',
        notedAt: new Date(0),
        isRelayed: true,
        waiting: 12,
        putAside: 1,
        oldestMs: 2_500,
      },
    ],
    crons: [
      {
        name: 'Mail.digest',
        isPaused: false,
        skipped: 2,
        missed: 5,
        lastRun: { outcome: 'dead', ageMs: 90_000, durationMs: 1_500, lateMs: 250 },
      },
      {
        name: 'Mail.poll',
        isPaused: true,
        skipped: 0,
        missed: 0,
        lastRun: { outcome: 'done', ageMs: 1_000, durationMs: 10, lateMs: undefined },
      },
      { name: 'Mail.rare', isPaused: false, skipped: 0, missed: 0, lastRun: undefined },
    ],
    workers: 2,
    children: 8,
    active: [{ host: 'shop-1', tasks: 3 }],
    staleAcks: 1,
    totals: [{ queue: 'default', task: 'Mail.send', counts }],
    ...given,
  };
}
