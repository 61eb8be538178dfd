import type { CronSchedule, MissedRuns } from '../../src/cron/cron-definition.js';
import { instantsOf } from '../../src/cron/cron-schedule.js';
import { dueInstants, MOST_MADE_UP } from '../../src/cron/due-instants.js';

const SECOND = 1_000;
const EVERY_SECOND: CronSchedule = { everyMs: SECOND };
const NOW = Date.parse('2026-03-02T12:00:00.500Z');
const FULL = NOW - 500;

function due(schedule: CronSchedule, missed: MissedRuns, settled: number, thresholdMs = 10 * SECOND) {
  return dueInstants(instantsOf(schedule, 'a test'), { missed, thresholdMs }, settled, NOW);
}

describe.each<[MissedRuns]>([['skip'], ['latest'], ['all']])('missed: %s', (missed) => {
  it('runs an instant that has just come due, also at that instant, and no settled one', () => {
    expect(due(EVERY_SECOND, missed, FULL - 1)).toEqual({ due: [FULL], overflow: false });
    expect(due(EVERY_SECOND, missed, FULL)).toEqual({ due: [], overflow: false });
    expect(due({ at: NOW }, missed, NOW - 1).due).toEqual([NOW]);
    expect(due({ at: NOW + 1 }, missed, 0).due).toEqual([]);
  });
});

describe('after a silence of an hour', () => {
  const settled = FULL - 3_600 * SECOND;
  const quarterly: CronSchedule = { expression: '*/15 * * * *', timeZone: 'UTC' };

  it('skip runs the instants within the threshold', () => {
    expect(due(quarterly, 'skip', settled).due).toEqual([FULL]);
    expect(due(quarterly, 'skip', settled, 500).due).toEqual([FULL]);
    expect(due(quarterly, 'skip', settled, 499).due).toEqual([]);
    expect(due(EVERY_SECOND, 'skip', settled, 3_500).due).toEqual([3, 2, 1, 0].map((ago) => FULL - ago * SECOND));
  });

  it('latest runs the last instant', () => {
    expect(due(quarterly, 'latest', settled).due).toEqual([FULL]);
  });

  it('all runs each instant', () => {
    expect(due(quarterly, 'all', settled).due).toEqual([45, 30, 15, 0].map((ago) => FULL - ago * 60 * SECOND));
  });

  it('all runs the latest thousand, and reports that there were more', () => {
    const { due: runs, overflow } = due(EVERY_SECOND, 'all', settled);
    expect([runs.length, runs[0], runs.at(-1), overflow]).toEqual([
      MOST_MADE_UP,
      FULL - (MOST_MADE_UP - 1) * SECOND,
      FULL,
      true,
    ]);
    expect(due(EVERY_SECOND, 'all', FULL - MOST_MADE_UP * SECOND).overflow).toBe(false);
  });
});
