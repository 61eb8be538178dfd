import type { CronRun } from '../../src/broker/port/broker.js';
import type { CronDeclaration } from '../../src/cron/cron-definition.js';
import { CronWarnings } from '../../src/maintenance/cron-warnings.js';

const POLL: CronDeclaration = {
  ...{ name: 'Inbox.poll', queue: 'default', schedule: { everyMs: 1_000 }, missed: 'latest', thresholdMs: 0 },
  ...{ overlap: 'allow', disabled: false },
};
const RUN: CronRun = { id: 'x', attempt: 1, startedAt: 7, durationMs: 2_000, outcome: 'done', host: 'h', pid: 7 };

function warned(overlap: CronDeclaration['overlap'], runs: readonly (CronRun | undefined)[]): string[] {
  const lines: string[] = [];
  const warnings = new CronWarnings((what) => lines.push(what));
  for (const run of runs) warnings.slow({ ...POLL, overlap }, 1_000, run);
  return lines;
}

it('a cron whose last run took no longer than the time to its next one, or is not known, is not warned of', () => {
  expect(warned('allow', [undefined, { ...RUN, durationMs: 1_000, waitedMs: 9_000 }])).toEqual([]);
});

it('a cron that is slower than its interval is warned of once, and once more when its runs pile up', () => {
  const waits = { ...RUN, waitedMs: 3_000 };
  expect(warned('allow', [RUN, RUN, { ...RUN, waitedMs: 1_000 }, waits, waits, RUN])).toEqual([
    expect.stringMatching(
      /^Cron "Inbox.poll" .*: a run took 2 s, and the next is due 1 s after it. Its runs overlap. /,
    ),
    expect.stringMatching(
      /: a run waited 3 s in queue "default" and took 2 s, .* Its runs pile up. .* more children\.$/,
    ),
  ]);
});

it('a cron that leaves runs out because it is slow is warned of once', () => {
  expect(warned('skip', [{ ...RUN, waitedMs: 3_000 }, RUN])).toEqual([
    expect.stringMatching(
      /: a run took 2 s, .* after it. Runs are left out. Let it run less often, or make it faster\.$/,
    ),
  ]);
});
