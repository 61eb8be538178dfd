import type { CronInfo } from '../../../src/inspector/cron-info.js';
import type { OutboxStatus } from '../../../src/inspector/outbox/outbox-status.js';
import { findingsOf, type StatusFacts } from '../../../src/inspector/status/findings.js';
import { throughputOf } from '../../../src/inspector/status/flow.js';
import type { QueueStatus, StatusReport } from '../../../src/inspector/status/status-report.js';
import type { WorkerReport } from '../../../src/inspector/workers/worker-report.js';

export const AT = Date.UTC(2026, 10, 29, 12);

export const before = (ms: number): Date => new Date(AT - ms);

export function queueOf(given: Partial<QueueStatus> = {}): QueueStatus {
  return {
    queue: 'default',
    healthy: true,
    pending: 0,
    heldBack: 0,
    scheduled: 0,
    dead: 0,
    waitingMs: 0,
    served: true,
    workers: 1,
    inPerMinute: undefined,
    outPerMinute: 0,
    deadLastHour: 0,
    ...given,
  };
}

export function outboxOf(given: Partial<OutboxStatus> = {}): OutboxStatus {
  const counts = { waiting: 0, putAside: 0, oldestMs: 0 };
  return { id: 'k3v9', table: 'tasks', notedAt: before(5_000), isRelayed: true, ...counts, ...given };
}

export function workerOf(given: Partial<WorkerReport> = {}): WorkerReport {
  return {
    id: '4f1c09aa-30000',
    host: 'web-1',
    pid: 7,
    queues: ['default'],
    state: 'running',
    renewedAt: before(2_000),
    seenAt: before(1_000),
    startedAt: before(3_600_000),
    version: '1.2.3',
    app: 'shop',
    appVersion: '4.5.6',
    inProcess: false,
    memory: 200 * 2 ** 20,
    running: 0,
    forked: 1,
    range: undefined,
    memoryLimit: undefined,
    children: [
      {
        pid: 8,
        state: 'running',
        startedAt: before(3_599_000),
        memory: 120 * 2 ** 20,
        running: 0,
        done: 0,
        active: [],
      },
    ],
    restarted: 0,
    restarts: [],
    lastOrder: undefined,
    ...given,
  };
}

export function cronOf(given: Partial<CronInfo> = {}): CronInfo {
  return {
    name: 'Digest.send',
    task: 'Digest.send',
    set: false,
    queue: 'default',
    everyMs: 60_000,
    missed: 'latest',
    overlap: 'allow',
    disabled: false,
    paused: false,
    declared: true,
    lastFire: undefined,
    nextRun: new Date(AT + 30_000),
    skipped: 0,
    missedTimes: 0,
    lastRun: undefined,
    ...given,
  };
}

/** A namespace in which all is well, but for what is given. */
export function factsOf(given: Partial<StatusFacts> = {}): StatusFacts {
  return {
    at: new Date(AT),
    queues: [queueOf()],
    workers: [workerOf()],
    crons: [cronOf()],
    dead: { total: 0, lastHour: 0 },
    memory: { used: 1_000, limit: undefined },
    closedLimits: [],
    outboxes: [],
    ...given,
  };
}

export function reportOf(given: Partial<StatusReport> = {}): StatusReport {
  const facts = factsOf(given);
  const findings = findingsOf(facts, 0);
  const healthy = findings.every(({ severity }) => severity !== 'problem');
  return { ...facts, lapsed: [], healthy, findings, throughput: throughputOf([]), ...given };
}
