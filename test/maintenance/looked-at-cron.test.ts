import { jest } from '@jest/globals';
import type { CronDeclaration, CronSchedule } from '../../src/cron/cron-definition.js';
import { instantsOf } from '../../src/cron/cron-schedule.js';
import { dueInstants, pastFor } from '../../src/cron/due-instants.js';
import { missedInstants } from '../../src/cron/missed-instants.js';
import { LookedAtCron } from '../../src/maintenance/looked-at-cron.js';

const SECOND = 1_000;
const NOON = Date.UTC(2026, 5, 1, 12);

function cronOf(schedule: CronSchedule, options: Partial<CronDeclaration> = {}): CronDeclaration {
  const plain = { missed: 'latest', thresholdMs: 0, overlap: 'allow', disabled: false } as const;
  return { name: 'Inbox.poll', queue: 'default', schedule, ...plain, ...options };
}

describe('a cron that is looked at now and then', () => {
  const schedules: CronSchedule[] = [
    { everyMs: SECOND },
    { expression: '*/2 * * * * *', timeZone: 'Europe/Paris' },
    { everyMs: 3 * SECOND, startAt: NOON + 20 * SECOND, endAt: NOON + 90 * SECOND, jitterMs: 250 },
    { at: NOON + 30 * SECOND },
  ];
  const missings = [{ missed: 'all' }, { missed: 'latest' }, { missed: 'skip', thresholdMs: 700 }] as const;
  const cases = schedules.flatMap((schedule) => missings.map((missing) => ({ schedule, ...missing })));

  it.each(cases)(
    'is due at the same times as one that finds them out anew each time: %j',
    ({ schedule, ...missing }) => {
      const cron = cronOf(schedule, missing);
      const instants = instantsOf(schedule, 'here');
      const looked = new LookedAtCron(cron);
      let [settled, now, seed] = [NOON, NOON, 7];
      const left = new Set<number>();
      for (let look = 0; look < 200; look += 1) {
        seed = (seed * 16_807) % 2_147_483_647;
        now += seed % (look % 10 === 0 ? 9_000 : 1_500);
        // another supervisor was faster, or Redis has lost what came last
        if (look % 7 === 0) settled = Math.max(settled, now - (seed % 900));
        if (look % 31 === 0) settled -= 5_000;
        const expected = dueInstants(instants, cron, settled, now);
        if (now < looked.quietUntil) continue;
        // a time that is left out is before those that are due, or too late to be
        const before = expected.due[0] ?? pastFor(cron, settled, now) + 1;
        const missed = missedInstants(instants, { settled, before, reason: 'no-worker' });
        expect(looked.due(settled, now)).toEqual({ ...expected, missed });
        if (missed) left.add(expected.due.length);
        settled = Math.max(settled, expected.due.at(-1) ?? missed?.last ?? 0);
        looked.settle(settled, now);
        expect([looked.next, looked.quietUntil]).toEqual(
          Array.from({ length: 2 }, () => instants.next(now) ?? Number.POSITIVE_INFINITY),
        );
      }
      const isRepeated = !('at' in schedule);
      expect(left.has(0)).toBe(missing.missed === 'skip' && isRepeated);
      expect(left.has(1)).toBe(missing.missed !== 'all' && isRepeated);
    },
  );
});

it('a look at a cron that is due finds no time of its expression, and one is found when it has fired', () => {
  const looked = new LookedAtCron(cronOf({ expression: '* * * * * *', timeZone: 'Europe/Paris' }));
  looked.settle(NOON, NOON);
  const next = jest.spyOn((looked as unknown as { instants: { next(after: number): number } }).instants, 'next');
  expect(looked.due(NOON, NOON + SECOND)).toEqual({
    ...{ due: [NOON + SECOND], overflow: false, missed: undefined },
  });
  expect(next).not.toHaveBeenCalled();
  looked.settle(NOON + SECOND, NOON + SECOND);
  expect(next).toHaveBeenCalledTimes(1);
  expect([looked.next, looked.quietUntil]).toEqual([NOON + 2 * SECOND, NOON + 2 * SECOND]);
});

it('of `all` those before the last thousand are left out because they are too many', () => {
  const looked = new LookedAtCron(cronOf({ everyMs: SECOND }, { missed: 'all' }));
  const { due, missed } = looked.due(NOON, NOON + 1_500 * SECOND);
  expect(due).toHaveLength(1_000);
  const bounds = { settled: NOON, first: NOON + SECOND, last: NOON + 500 * SECOND };
  expect(missed).toEqual({ ...bounds, count: 500, more: false, reason: 'too-many' });
  expect(looked.due(NOON, NOON + 1_500 * SECOND, 10).missed).toMatchObject({ ...bounds, count: 10, more: true });
});

it('a paused cron is never due, and one that is resumed is looked at anew', () => {
  const looked = new LookedAtCron(cronOf({ everyMs: SECOND }));
  looked.settle(NOON, NOON);
  looked.note({ settledUntil: NOON, paused: true }, NOON);
  expect(looked.due(NOON, NOON + SECOND).due).toEqual([]);
  looked.settle(NOON, NOON + SECOND);
  expect(looked.quietUntil).toBe(NOON + 6 * SECOND);
  looked.note({ settledUntil: NOON, paused: false }, NOON);
  expect(looked.quietUntil).toBe(0);
  expect(looked.due(NOON + 2 * SECOND, NOON + 3 * SECOND).due).toEqual([NOON + 3 * SECOND]);
});
