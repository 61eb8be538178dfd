import colors from 'picocolors';
import { changesBy } from '../../../src/inspector/status/run-top.js';
import type { StatusReport } from '../../../src/inspector/status/status-report.js';
import { statusLines } from '../../../src/inspector/status/status-text.js';
import { type TopView, topFrame } from '../../../src/inspector/status/top-frame.js';
import { widthOf } from '../../../src/terminal/frame.js';
import { before, queueOf, reportOf, workerOf } from './reports.js';

const VIEW: TopView = { sort: 'time', offset: 0, frozen: false };
const WIDTHS = [200, 120, 60, 40, 20];

function viewerOf(width: number, isColoured = false) {
  const typed = (command: readonly string[]): string => `npx nestwork ${command.join(' ')}`;
  return { width, paint: colors.createColors(isColoured), place: '127.0.0.1:6379, namespace shop', typed };
}

/** So many workers, each with a child that runs two tasks: one for a minute more than that of the worker before. */
function workersOf(count: number): StatusReport['workers'] {
  return Array.from({ length: count }, (_, at) => {
    const active = [1, 100].map((minutes) => ({
      id: `task-${at}-${minutes}`,
      name: 'ReportTasks.sendWeekly',
      since: before((minutes + at) * 60_000),
    }));
    const child = {
      pid: 100 + at,
      state: 'running',
      startedAt: before(0),
      memory: 2 ** 27,
      running: 2,
      done: 40,
      active,
    } as const;
    return workerOf({ id: `worker-${at}`, pid: at + 1, children: [child], running: 2 });
  });
}

function queuesOf(count: number): StatusReport['queues'] {
  return Array.from({ length: count }, (_, at) => queueOf({ queue: `queue-${at}`, pending: at }));
}

const LATE = queueOf({ queue: 'bulk', healthy: false, served: false, workers: 0, pending: 18_211, waitingMs: 254_000 });
const BUSY = reportOf({ queues: [LATE, ...queuesOf(40)], workers: workersOf(40) });

describe('a status', () => {
  it('says in its first line that all is well, and then shows the figures', () => {
    const lines = statusLines(reportOf(), viewerOf(100));
    expect(lines[0]).toMatch(/^● Healthy +127\.0\.0\.1:6379, namespace shop {2}12:00:00Z$/);
    expect(lines).toEqual(expect.arrayContaining([expect.stringMatching(/^default +0 +- .* ok$/)]));
    expect(lines).toEqual(expect.arrayContaining([expect.stringMatching(/^4f1c09aa {2}web-1 .* running$/)]));
  });

  it('has held-back tasks only where there are some', () => {
    const [without, some] = [queueOf(), queueOf({ queue: 'mail', pending: 9, heldBack: 7 })];
    const heads = [[without], [without, some]].map((queues) => {
      const lines = statusLines(reportOf({ queues }), viewerOf(100));
      const at = lines.findIndex((line) => line.startsWith('QUEUE'));
      return lines.slice(at, at + 3).map((line) => line.split(/ {2,}/).slice(0, 3));
    });
    expect(heads[0]?.[0]).toEqual(['QUEUE', 'PENDING', 'OLDEST']);
    expect(heads[1]?.[0]).toEqual(['QUEUE', 'PENDING', 'HELD']);
    expect(heads[1]).toContainEqual(['mail', '9', '7']);
  });

  it('names each problem with the command that shows or mends it', () => {
    const lines = statusLines(reportOf({ queues: [LATE] }), viewerOf(100));
    expect(lines.slice(0, 5)).toEqual([
      expect.stringMatching(/^● 1 problem /),
      '',
      '✗ 18,211 tasks wait in bulk, the next for 4 min 14 s, and no worker serves the queue.',
      '  npx nestwork workers ls',
      '',
    ]);
  });

  it('is one screenful, with those queues first that need a look', () => {
    const lines = statusLines(BUSY, viewerOf(100));
    expect(lines.length).toBeLessThan(50);
    const queues = lines.slice(lines.findIndex((line) => line.startsWith('QUEUE')) + 1);
    expect(queues[0]).toMatch(/^bulk +18,211 .* no worker$/);
    expect(queues[1]).toMatch(/^queue-39/);
    expect(queues[15]).toBe('and 26 more queues, with 325 pending tasks');
    expect(lines).toContain('and 25 more workers');
  });

  it.each(WIDTHS)('fits %i columns', (width) => {
    for (const line of statusLines(BUSY, viewerOf(width, true))) expect(widthOf(line)).toBeLessThanOrEqual(width);
  });
});

describe('a frame of top', () => {
  it.each(WIDTHS.flatMap((width) => [1, 2, 3, 8, 11, 12, 24, 50].map((height) => ({ width, height }))))(
    'has as many lines as $width columns and $height lines show, the keys last',
    ({ width, height }) => {
      const { lines } = topFrame(BUSY, VIEW, { ...viewerOf(width), height });
      expect(lines).toHaveLength(height);
      expect(lines.at(-1)).toContain('q quit');
    },
  );

  it('lists tasks by their time, the longest first, or by worker', () => {
    const viewer = { ...viewerOf(120), height: 200 };
    const idsOf = (view: TopView): string[] =>
      topFrame(BUSY, view, viewer).lines.flatMap((line) => /task-\S+/.exec(line) ?? []);
    expect(idsOf(VIEW).slice(0, 2)).toEqual(['task-39-100', 'task-38-100']);
    expect(idsOf({ ...VIEW, sort: 'worker' }).slice(0, 3)).toEqual(['task-0-1', 'task-0-100', 'task-1-1']);
  });

  it('shows idle children after the others, and workers without children', () => {
    const workers = [workerOf({ pid: 1, children: [] }), workerOf({ pid: 2 }), ...workersOf(1)];
    const { lines, rows } = topFrame(reportOf({ workers }), VIEW, { ...viewerOf(120), height: 30 });
    expect(rows).toBe(4);
    const text = lines.join('\n');
    expect(text).toMatch(
      /1h 40m {2}ReportTasks\.sendWeekly {2}task-0-100 .*\n +1m {2}Report.*\n +- .*no child.*web-1:1\n +- .*web-1:2/,
    );
    expect(text).toContain('3 workers, 3 children, 2 active, 600 MB');
  });

  it('scrolls, and says where it is', () => {
    const viewer = { ...viewerOf(120), height: 24 };
    const { page, rows } = topFrame(BUSY, VIEW, viewer);
    const pressed = (...keys: string[]): TopView => {
      let view = VIEW;
      for (const key of keys) view = { ...view, ...changesBy(key, view, { page, rows }) };
      return view;
    };
    const last = (view: TopView): string | undefined => topFrame(BUSY, view, viewer).lines.at(-1);
    expect(rows).toBe(80);
    expect(last(VIEW)).toMatch(new RegExp(` 1-${page} of 80$`));
    expect(last(pressed('down', 'down', 'up'))).toMatch(new RegExp(` 2-${page + 1} of 80$`));
    expect(pressed('pagedown', 'pageup').offset).toBe(0);
    expect(pressed('up').offset).toBe(0);
    expect(last(pressed('end', 'pagedown'))).toMatch(/-80 of 80$/);
    expect(pressed('end', 'home').offset).toBe(0);
    expect(pressed('down', 's')).toMatchObject({ sort: 'worker', offset: 0 });
    expect([pressed('p').frozen, pressed('p', 'p').frozen]).toEqual([true, false]);
    expect(pressed('x')).toEqual(VIEW);
  });

  it('goes to the end of rows that have become fewer', () => {
    const { lines } = topFrame(BUSY, { ...VIEW, offset: 1_000 }, { ...viewerOf(120), height: 24 });
    expect(lines.at(-1)).toMatch(/-80 of 80$/);
  });

  it('says that Redis is away, also on a short screen', () => {
    const view = { ...VIEW, outage: new Error('Redis at 127.0.0.1:6379 did not answer.\nStart it.') };
    for (const height of [8, 30]) {
      const [, second] = topFrame(BUSY, view, { ...viewerOf(150), height }).lines;
      expect(second).toBe(
        'No answer from Redis, trying again; the figures are of 12:00:00Z. Redis at 127.0.0.1:6379 did not answer.',
      );
    }
  });

  it('says that no worker runs', () => {
    const { lines } = topFrame(reportOf({ workers: [] }), VIEW, { ...viewerOf(80), height: 24 });
    expect(lines).toContain('No worker runs.');
  });
});
