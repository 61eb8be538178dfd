import type { CronInfo } from '../../../src/inspector/cron-info.js';
import type { ClosedLimitReport } from '../../../src/inspector/limits/limit-report.js';
import type { OutboxStatus } from '../../../src/inspector/outbox/outbox-status.js';
import { findingsOf, type StatusFacts } from '../../../src/inspector/status/findings.js';
import { AT, before, cronOf, factsOf, outboxOf, queueOf, workerOf } from './reports.js';

const late = queueOf({ queue: 'bulk', healthy: false, pending: 18_211, waitingMs: 254_000 });
const unserved = { ...late, served: false };
const by = { since: before(60_000), by: 'anna', reason: undefined, until: undefined };

function closed(given: {
  name?: string;
  keyed?: boolean;
  key?: string;
  until?: Date;
  by?: string | undefined;
}): ClosedLimitReport {
  const { name = 'stripe', key, keyed = key !== undefined, until } = given;
  const by = 'by' in given ? given.by : 'anna';
  const override = { concurrency: 0, rate: undefined, burst: undefined, since: before(60_000), until, by };
  return { name, keyed, key, override };
}

const gone = (given: Partial<OutboxStatus>): OutboxStatus =>
  outboxOf({ isRelayed: false, notedAt: before(120_000), ...given });

function of(given: Partial<StatusFacts>, maxDead = 0): string[] {
  return findingsOf(factsOf(given), maxDead).map(
    ({ code, severity, text, command }) => `${severity} ${code}: ${text} ${command.join(' ')}`,
  );
}

const crash = (ms: number, crashed = true) => ({ pid: 9, at: before(ms), reason: 'exit code 1', crashed });

const yearly = { everyMs: undefined, expression: '0 0 1 1 *' };

/** A last run of so many ms. */
function ranFor(durationMs: number): CronInfo['lastRun'] {
  return { id: 'x', attempt: 1, startedAt: before(600_000), durationMs, outcome: 'done', host: 'h', pid: 1 };
}

describe('findingsOf', () => {
  it('finds nothing where all is well', () => {
    expect(of({})).toEqual([]);
    expect(of({ queues: [queueOf({ pending: 1_000, waitingMs: 30_000 })] })).toEqual([]);
  });

  it.each<[string, Partial<StatusFacts>, string[]]>([
    [
      'no worker in a new namespace',
      { workers: [], queues: [] },
      [
        'problem no-worker: No worker has ever started in this namespace. Check its name, and the address of Redis. workers ls',
      ],
    ],
    ['no worker', { workers: [] }, ['problem no-worker: No worker runs. Start the app in worker mode. workers ls']],
    [
      'no worker while tasks wait, in one finding for all queues',
      { workers: [], queues: [unserved, queueOf(), { ...unserved, queue: 'mail', pending: 1 }] },
      [
        'problem no-worker: No worker runs. 18,212 tasks wait in bulk and mail. Start the app in worker mode. workers ls',
      ],
    ],
    [
      'a Redis that is nearly full',
      { memory: { used: 960, limit: 1_000 } },
      ['problem memory-short: Redis uses 96 % of its memory limit. A full Redis refuses new tasks. doctor'],
    ],
    ['a Redis with room', { memory: { used: 940, limit: 1_000 } }, []],
    ['a server that reports no memory', { memory: undefined }, []],
    [
      'a queue without a worker',
      { queues: [unserved] },
      [
        'problem queue-unserved: 18,211 tasks wait in bulk, the next for 4 min 14 s, and no worker serves the queue. workers ls',
      ],
    ],
    [
      'tasks that wait too long',
      { queues: [{ ...late, pending: 1 }] },
      ['problem queue-late: 1 task waits in bulk, the next for 4 min 14 s. workers ls --children'],
    ],
    [
      'a scheduled task that is overdue',
      { queues: [{ ...late, pending: 0 }] },
      ['problem queue-late: A task of bulk is overdue for 4 min 14 s. workers ls --children'],
    ],
    [
      'dead tasks, with the queues that have most of them',
      {
        queues: ['a', 'b', 'c', 'd'].map((queue, at) => queueOf({ queue, deadLastHour: at + 1 })),
        dead: { total: 20, lastHour: 10 },
      },
      [
        'problem dead-tasks: 10 tasks died within the last hour and are still dead, in d, c, b and 1 more. dead ls --since 1h',
      ],
    ],
    [
      'a paused queue, with its end and reason',
      {
        queues: [
          { ...late, healthy: true, paused: { ...by, until: new Date(AT + 2_467_000), reason: 'The server is down' } },
        ],
      },
      [
        'notice queue-paused: bulk is paused by anna, for another 41 min: The server is down. 18,211 tasks wait in it. queues resume bulk',
      ],
    ],
    [
      'a queue that is paused without an end, by a name that would steer the terminal',
      { queues: [queueOf({ paused: { ...by, by: '\u001b[31manna' } })] },
      ['notice queue-paused: default is paused by \\x1b[31manna, until it is resumed. queues resume default'],
    ],
    [
      'a queue whose name would steer the terminal',
      { queues: [{ ...late, queue: 'a\u001b[2J' }] },
      ['problem queue-late: 18,211 tasks wait in a\\x1b[2J, the next for 4 min 14 s. workers ls --children'],
    ],
    [
      'a worker that was ordered to be quiet',
      {
        workers: [
          workerOf({
            state: 'quiet',
            running: 2,
            lastOrder: { id: 'x', action: 'quiet', by: 'anna', at: before(1_000) },
          }),
        ],
      },
      [
        'notice worker-quiet: The worker 4f1c09aa (process 7 on web-1) claims nothing more, ordered by anna; it finishes 2 tasks. workers ls',
      ],
    ],
    [
      'a worker that stops',
      { workers: [workerOf({ state: 'stopping' })] },
      ['notice worker-stopping: The worker 4f1c09aa (process 7 on web-1) is stopping. workers ls'],
    ],
    [
      'a worker without a digest',
      { workers: [workerOf({ state: 'unknown' })] },
      [
        'notice worker-silent: The worker 4f1c09aa (process 7 on web-1) has published nothing about itself: it has just started, or is of an older version. workers ls',
      ],
    ],
    [
      'children that crash again and again',
      { workers: [workerOf({ restarts: [crash(2_000), crash(30_000), crash(61_000), crash(600_000)] })] },
      [
        'problem worker-crashing: 3 children of the worker 4f1c09aa (process 7 on web-1) crashed within the last 1 min 1 s, the latest with exit code 1. workers ls --children',
      ],
    ],
    [
      'a paused cron',
      { crons: [cronOf({ paused: true })] },
      ['notice cron-paused: The cron Digest.send is paused. crons resume Digest.send'],
    ],
    [
      'paused crons',
      { crons: ['A.a', 'B.b', 'C.c', 'D.d'].map((name) => cronOf({ name, paused: true })) },
      ['notice cron-paused: 4 crons are paused: A.a, B.b, C.c and 1 more. crons ls'],
    ],
    [
      'a cron that is slower than it is due, and leaves runs out',
      { crons: [cronOf({ overlap: 'skip', lastRun: ranFor(90_000) }), cronOf({ name: 'Quick.one' })] },
      [
        'notice cron-slow: The last run of the cron Digest.send took 1 min 30 s, and the next is due after 1 min. Runs are left out. crons show Digest.send',
      ],
    ],
    [
      'a cron with an expression that is slower than it is due',
      { crons: [cronOf({ ...yearly, expression: '0 */5 * * * *', lastRun: ranFor(301_000) })] },
      [
        'notice cron-slow: The last run of the cron Digest.send took 5 min 1 s, and the next is due after 5 min. Its runs overlap or wait. crons show Digest.send',
      ],
    ],
    [
      'slow crons, the slowest first',
      {
        crons: [
          cronOf({ name: 'A.a', lastRun: ranFor(61_000) }),
          cronOf({ name: 'B.b', lastRun: ranFor(90_000) }),
          cronOf({ name: 'C.c', everyMs: 100, lastRun: ranFor(101) }),
        ],
      },
      [
        'notice cron-slow: The last runs of 3 crons took longer than the time to the next one: B.b, A.a and C.c. crons ls',
      ],
    ],
    [
      'nothing about slow crons that are not fired, rarely due or as fast as they are due',
      {
        crons: [
          cronOf({ name: 'A.a', nextRun: undefined, lastRun: ranFor(90_000) }),
          cronOf({ ...yearly, name: 'B.b', lastRun: ranFor(90_000) }),
          cronOf({ name: 'C.c', lastRun: ranFor(60_000) }),
        ],
      },
      [],
    ],
    ['nothing about outboxes that are in time', { outboxes: [outboxOf({ waiting: 3, oldestMs: 60_000 })] }, []],
    [
      'nothing about an outbox of an app that has stopped with nothing to send',
      { outboxes: [gone({ waiting: 0 })] },
      [],
    ],
    [
      'an outbox that nobody relays',
      { outboxes: [gone({ waiting: 3, oldestMs: 130_000 })] },
      [
        'problem outbox-unrelayed: The outbox tasks has had no relay for 2 min, or its database does not answer; 3 rows waited then. Start the app, or a process that relays: npx nestwork outbox relay. Nothing is lost. outbox ls dist/app.module.js',
      ],
    ],
    [
      'an outbox that is late, and rows that were put aside in another one',
      {
        outboxes: [
          outboxOf({ id: 'a', waiting: 1, oldestMs: 61_000 }),
          outboxOf({ id: 'b', putAside: 2 }),
          outboxOf({ table: '\u001b[31m' }),
        ],
      },
      [
        'problem outbox-late: The outbox tasks (a) has 1 row that waits, the oldest for 1 min 1 s. Look for the reason in the log of the app. outbox ls dist/app.module.js',
        'problem outbox-aside: The outbox tasks (b) has 2 rows that were put aside: their tasks are not sent. Look at the reasons. Then let them be tried again: npx nestwork outbox retry dist/app.module.js --all outbox ls dist/app.module.js --aside',
      ],
    ],
    [
      'a limit that is set to 0',
      { closedLimits: [closed({ name: 'exports', until: new Date(AT + 2_467_000) })] },
      [
        'notice limit-closed: The limit exports is set to 0 by anna, for another 41 min: nothing starts. limits reset exports',
      ],
    ],
    [
      'limits with keys that are set to 0, each by itself',
      { closedLimits: [closed({ key: '\u001b[31macme' }), closed({ name: 'files', keyed: true, by: undefined })] },
      [
        'notice limit-closed: The limit stripe for \\x1b[31macme is set to 0 by anna, until it is reset: nothing starts. limits reset stripe --key \u001b[31macme',
        'notice limit-closed: The limit files is set to 0, until it is reset: nothing starts. limits reset files --all-keys',
      ],
    ],
    [
      'several keys of a limit in one finding',
      { closedLimits: ['acme', 'bell', 'crow', 'dodo'].map((key) => closed({ key })) },
      [
        'notice limit-closed: The limit stripe is set to 0 for acme, bell, crow and 1 more: nothing starts with these keys. limits show stripe --keys',
      ],
    ],
    [
      'a limit as a whole beside one of its keys',
      { closedLimits: [closed({ keyed: true }), closed({ key: 'acme' })] },
      ['notice limit-closed: The limit stripe is set to 0, and so is 1 key of it by itself. limits show stripe --keys'],
    ],
  ])('finds %s', (_, facts, findings) => {
    expect(of(facts)).toEqual(findings);
  });

  it('takes replaced children, and crashes of long ago, for no loop', () => {
    const restarts = [crash(1_000, false), crash(2_000, false), crash(3_000, false), crash(400_000), crash(500_000)];
    expect(of({ workers: [workerOf({ restarts })] })).toEqual([]);
  });

  it('tolerates as many dead tasks as its limit allows', () => {
    const facts = { queues: [queueOf({ deadLastHour: 5 })], dead: { total: 5, lastHour: 5 } };
    expect(of(facts, 5)).toEqual([]);
    expect(of(facts, 4)).toHaveLength(1);
  });

  it('names problems before notices', () => {
    const queues = [queueOf({ paused: by }), unserved];
    expect(findingsOf(factsOf({ queues }), 0).map(({ code }) => code)).toEqual(['queue-unserved', 'queue-paused']);
  });
});
