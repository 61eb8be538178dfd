import { findingView, wellOf } from '../../src/dashboard/live/findings.js';
import type { ClosedLimitReport } from '../../src/inspector/limits/limit-report.js';
import { findingsOf, type StatusFacts } from '../../src/inspector/status/findings.js';
import { before, cronOf, factsOf, outboxOf, queueOf, workerOf } from '../inspector/status/reports.js';

const late = queueOf({ queue: 'bulk', healthy: false, pending: 18_211, waitingMs: 254_000 });
const by = { since: before(60_000), by: 'anna', reason: 'v1.2. of it', until: undefined };
const slow = {
  id: 'x',
  attempt: 1,
  startedAt: before(1),
  durationMs: 61_000,
  outcome: 'done',
  host: 'h',
  pid: 1,
} as const;
const crash = { pid: 9, at: before(1_000), reason: 'exit code 1', crashed: true };

function viewsOf(given: Partial<StatusFacts>) {
  const facts = factsOf(given);
  return findingsOf(facts, 0).map((finding) => findingView(finding, facts));
}

/** A limit, or a key of one, that anna has set to 0. */
function closed(name: string, key?: string): ClosedLimitReport {
  const override = { concurrency: 0, rate: undefined, burst: undefined, since: before(60_000), until: undefined };
  return { name, keyed: key !== undefined, key, override: { ...override, by: 'anna' } };
}

function well(given: Partial<StatusFacts>): string {
  const facts = factsOf(given);
  return wellOf({ ...facts, findings: findingsOf(facts, 0) }).join('');
}

describe('a finding on the page', () => {
  it.each<[string, Partial<StatusFacts>, string, unknown[]]>([
    ['no worker', { workers: [] }, 'no worker runs', ['workers']],
    ['a queue nobody serves', { queues: [{ ...late, served: false }] }, 'bulk: nobody consumes', ['queue', 'bulk']],
    ['a late queue', { queues: [late] }, 'bulk: tasks are late', ['queue', 'bulk']],
    ['a Redis that is nearly full', { memory: { used: 96, limit: 100 } }, 'Redis is nearly full', ['dead']],
    ['deaths', { dead: { total: 4, lastHour: 4 } }, 'tasks die', ['dead', undefined, { since: '1h' }]],
    ['a paused queue', { queues: [queueOf({ queue: 'bulk', paused: by })] }, 'bulk is paused', ['queue', 'bulk']],
    ['a limit that is set to 0', { closedLimits: [closed('exports')] }, 'exports is set to 0', ['limits', 'exports']],
    [
      'an outbox without a relay',
      { outboxes: [outboxOf({ isRelayed: false, waiting: 1 })] },
      'an outbox has no relay',
      ['workers'],
    ],
    ['a late outbox', { outboxes: [outboxOf({ waiting: 1, oldestMs: 61_000 })] }, 'an outbox is late', ['workers']],
    ['rows put aside', { outboxes: [outboxOf({ putAside: 1 })] }, 'rows of an outbox were put aside', ['workers']],
    ['a paused cron', { crons: [cronOf({ paused: true })] }, 'crons are paused', ['crons']],
    ['a slow cron', { crons: [cronOf({ lastRun: slow })] }, 'crons are slower than they are due', ['crons']],
    [
      'crashes',
      { workers: [workerOf({ id: 'w1', restarts: [crash, crash, crash] })] },
      'children crash',
      ['workers', 'w1'],
    ],
    ['a quiet worker', { workers: [workerOf({ id: 'w1', state: 'quiet' })] }, 'a worker is quiet', ['workers', 'w1']],
    [
      'a worker that stops',
      { workers: [workerOf({ id: 'w1', state: 'stopping' })] },
      'a worker stops',
      ['workers', 'w1'],
    ],
    [
      'a silent worker',
      { workers: [workerOf({ id: 'w1', state: 'unknown' })] },
      'a worker says nothing',
      ['workers', 'w1'],
    ],
  ])('about %s is brief, and leads to where more is shown', (_, given, brief, to) => {
    const [finding] = viewsOf(given);
    expect([finding?.brief, finding?.link.to]).toEqual([brief, to]);
  });

  it('has its first sentence as the title, which ends before a space', () => {
    const queue = queueOf({ queue: 'bulk.eu', paused: { ...by, reason: 'v1.2' }, pending: 3 });
    const [finding] = viewsOf({ queues: [queue] });
    expect(finding).toMatchObject({ title: 'bulk.eu is paused by anna, until it is resumed: v1.2.', state: 'held' });
    expect(finding?.rest).toBe('3 tasks wait in it.');
  });

  it('about a limit names no key: all who look get it, and not all may see keys', () => {
    const [whole, one, many] = viewsOf({
      closedLimits: [closed('exports'), closed('files', 'acme'), closed('stripe', 'acme'), closed('stripe', 'bell')],
    });
    expect([whole?.text, whole?.typed]).toEqual([
      'The limit exports is set to 0 by anna, until it is reset: nothing starts.',
      'npx nestwork limits reset exports',
    ]);
    expect([one?.text, one?.typed]).toEqual([
      'The limit files is set to 0 for 1 key: nothing starts with it.',
      'npx nestwork limits show files --keys',
    ]);
    expect(many?.text).toBe('The limit stripe is set to 0 for 2 keys: nothing starts with them.');
    const [both] = viewsOf({ closedLimits: [closed('stripe'), closed('stripe', 'acme')] });
    expect(both?.text).toBe('The limit stripe is set to 0, and so is 1 key of it by itself.');
  });

  it('writes its command as a shell takes it, and lengths of time in words', () => {
    expect(viewsOf({ queues: [queueOf({ queue: "it's", paused: by })] })[0]?.typed).toBe(
      "npx nestwork queues resume 'it'\\''s'",
    );
    expect(viewsOf({ queues: [late] })[0]?.title).toContain('for 4 min 14 s');
  });
});

describe('what is well', () => {
  it('has the numbers that would be asked for, and names the queue whose task waits longest', () => {
    const queues = [queueOf({ queue: 'mail', waitingMs: 3_000 }), queueOf({ queue: 'bulk', waitingMs: 9_000 })];
    const facts = factsOf({ queues });
    expect(wellOf({ ...facts, findings: [] })[1]).toBe('bulk');
    expect(well({ queues })).toContain('2 queues, and the task that waits longest has waited for 9.0 s, in bulk.');
    expect(well({ queues: [queueOf()] })).toContain('1 queue, and no task waits. 1 worker with ');
  });

  it('beside a fault counts what has none', () => {
    const queues = [late, queueOf({ queue: 'mail' }), queueOf({ queue: 'web' })];
    expect(well({ queues })).toContain('The rest is as it should be: 2 queues, 1 worker with ');
    expect(well({ queues, workers: [], crons: [] })).toBe('');
  });
});
