import { jest } from '@jest/globals';
import type { CronDeclaration, CronSchedule } from '../../src/cron/cron-definition.js';
import { instantsOf } from '../../src/cron/cron-schedule.js';
import { dueInstants } from '../../src/cron/due-instants.js';
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
      for (let look = 0; look < 200; look += 1) {
        seed = (seed * 16_807) % 2_147_483_647;
        now += seed % (look % 10 === 0 ? 9_000 : 1_500);
        // another supervisor was faster, or Redis has lost what came last
        if (look % 7 === 0) settled = Math.max(settled, now - (seed % 900));
        if (look % 31 === 0) settled -= 5_000;
        const expected = dueInstants(instants, cron, settled, now);
        if (now < looked.quietUntil) continue;
        expect(looked.due(settled, now)).toEqual(expected);
        settled = Math.max(settled, expected.due.at(-1) ?? 0);
        looked.settle(settled, now);
        expect([looked.next, looked.quietUntil]).toEqual(
          Array.from({ length: 2 }, () => instants.next(now) ?? Number.POSITIVE_INFINITY),
        );
      }
    },
  );
});

it('a look at a cron that is due finds no time of its expression, and one is found when it has fired', () => {
  const looked = new LookedAtCron(cronOf({ expression: '* * * * * *', timeZone: 'Europe/Paris' }));
  looked.settle(NOON, NOON);
  const next = jest.spyOn((looked as unknown as { instants: { next(after: number): number } }).instants, 'next');
  expect(looked.due(NOON, NOON + SECOND)).toEqual({ due: [NOON + SECOND], overflow: false });
  expect(next).not.toHaveBeenCalled();
  looked.settle(NOON + SECOND, NOON + SECOND);
  expect(next).toHaveBeenCalledTimes(1);
  expect([looked.next, looked.quietUntil]).toEqual([NOON + 2 * SECOND, NOON + 2 * SECOND]);
});

it('a paused cron is never due, and one that is resumed is looked at anew', () => {
  const looked = new LookedAtCron(cronOf({ everyMs: SECOND }));
  looked.settle(NOON, NOON);
  looked.notePause(true);
  expect(looked.due(NOON, NOON + SECOND).due).toEqual([]);
  looked.settle(NOON, NOON + SECOND);
  expect(looked.quietUntil).toBe(NOON + 6 * SECOND);
  looked.notePause(false);
  expect(looked.quietUntil).toBe(0);
  expect(looked.due(NOON + 2 * SECOND, NOON + 3 * SECOND).due).toEqual([NOON + 3 * SECOND]);
});
