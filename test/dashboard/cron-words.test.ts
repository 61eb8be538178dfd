import { instantsOf } from '../../src/cron/cron-schedule.js';
import { type Schedule, scheduleWords } from '../../src/dashboard/screens/crons/words.js';
import { localTimeOf } from '../../src/dashboard/screens/crons/zone-time.js';
import { zoneWords } from '../../src/inspector/cron-words.js';

describe('a schedule in words', () => {
  it.each<[string, string]>([
    ['* * * * * *', 'every second'],
    ['*/10 * * * * *', 'every 10 seconds'],
    ['* * * * *', 'every minute'],
    ['*/15 * * * *', 'every 15 minutes'],
    ['0 0/5 * * * *', 'every 5 minutes'],
    ['0 * * * *', 'every hour'],
    ['25 * * * *', 'every hour at minute 25'],
    ['0 */2 * * *', 'every 2 hours'],
    ['30 */6 * * 1-5', 'every 6 hours at minute 30, weekdays'],
    ['*/15 8-17 * * 1-5', 'every 15 minutes from 08:00 to 17:45, weekdays'],
    ['30 2 * * *', 'every day at 02:30'],
    ['15 30 2 * * *', 'every day at 02:30:15'],
    ['0 8,20 * * *', 'every day at 08:00 and 20:00'],
    ['0 18 * * 1-5', 'weekdays at 18:00'],
    ['0 18 * * MON-FRI', 'weekdays at 18:00'],
    ['0 9 * * 6,0', 'weekends at 09:00'],
    ['0 15 * * 5', 'Fridays at 15:00'],
    ['0 15 * * 7', 'Sundays at 15:00'],
    ['0 15 * * mon,wed,fri', 'Mondays, Wednesdays and Fridays at 15:00'],
    ['0 15 * * 1-4', 'Monday to Thursday at 15:00'],
    ['0 4 1 * *', '1st of the month at 04:00'],
    ['0 4 2,23,11 * *', '2nd, 11th and 23rd of the month at 04:00'],
    ['55 23 L * *', 'last day of the month at 23:55'],
    ['0 0 1 1 *', '1st of January at 00:00'],
    ['0 6 * jun-aug *', ''],
    ['0 6 * jun,jul *', 'every day in June and July at 06:00'],
    ['@daily', 'every day at 00:00'],
    ['@hourly', 'every hour'],
    ['@weekdays', 'weekdays at 00:00'],
  ])('%s is "%s"', (expression, words) => {
    expect(scheduleWords({ expression }) ?? '').toBe(words);
  });

  it('of an interval from the end of its runs says so', () => {
    expect(scheduleWords({ everyMs: 30_000, from: 'end' })).toBe('30 seconds after each run');
    expect(scheduleWords({ everyMs: 60_000, from: 'end' })).toBe('1 minute after each run');
  });

  it.each([
    '*/7 * * * *',
    '5/15 * * * *',
    '0 0 1 * 1',
    '0 0 15W * *',
    '0 0 * * 5#2',
    '0 0 * * 5L',
    '0,10,20,30 8 * * *',
    '*/5 8-10,14 * * *',
    '0 0 */2 * *',
    '0 0 * 13 *',
    '0 0 * * 1-2-3',
    '61 * * * *',
    '0 8 * * * of a newer version',
    '<script>',
    '',
  ])('of %j has no short form', (expression) => {
    expect(scheduleWords({ expression })).toBeUndefined();
  });

  it.each<[number, string]>([
    [1_000, 'every second'],
    [30_000, 'every 30 seconds'],
    [90_000, 'every 90 seconds'],
    [3_600_000, 'every hour'],
    [172_800_000, 'every 2 days'],
    [1_500, 'every 1500 milliseconds'],
  ])('of an interval of %d ms is "%s"', (everyMs, words) => {
    expect(scheduleWords({ everyMs })).toBe(words);
  });

  it('says only of a schedule with equal gaps that it comes every so often', () => {
    const unit = { second: 1_000, minute: 60_000, hour: 3_600_000 } as const;
    let checked = 0;
    for (const field of [0, 1, 2]) {
      for (let step = 1; step < 60; step += 1) {
        const expression = [0, 1, 2, 3, 4, 5]
          .map((at) => (at < field ? '0' : at === field ? `*/${step}` : '*'))
          .join(' ');
        const words = /^every (?:(\d+) )?(second|minute|hour)s?$/.exec(scheduleWords({ expression }) ?? '');
        if (!words) continue;
        const every = Number(words[1] ?? 1) * unit[words[2] as keyof typeof unit];
        const instants = instantsOf({ expression, timeZone: 'UTC' }, 'here');
        let at = instants.next(Date.UTC(2026, 0, 1, 0, 0, 0)) ?? 0;
        for (let run = 0; run < 70; run += 1) {
          const next = instants.next(at) ?? 0;
          expect([expression, next - at]).toEqual([expression, every]);
          at = next;
        }
        checked += 1;
      }
    }
    expect(checked).toBeGreaterThan(20);
  });

  it.each<[Schedule, string | undefined]>([
    [{ everyMs: 1_000 }, undefined],
    [{ timeZone: 'Europe/Paris' }, 'Europe/Paris'],
    [{ utcOffset: 0 }, 'UTC'],
    [{ utcOffset: 120 }, 'UTC+2'],
    [{ utcOffset: -210 }, 'UTC-3:30'],
  ])('with %j has the zone %s', (schedule, zone) => {
    expect(zoneWords(schedule)).toBe(zone);
  });
});

describe('a time by the clock of a cron', () => {
  it.each<[Pick<Schedule, 'timeZone' | 'utcOffset'>, string]>([
    [{ timeZone: 'Europe/Paris' }, 'Mon 2026-11-30 00:30:00'],
    [{ timeZone: 'UTC' }, 'Sun 2026-11-29 23:30:00'],
    [{ utcOffset: 330 }, 'Mon 2026-11-30 05:00:00'],
    [{ utcOffset: -60 }, 'Sun 2026-11-29 22:30:00'],
    [{}, 'Sun 2026-11-29 23:30:00'],
    [{ timeZone: 'Mars/Olympus' }, 'Sun 2026-11-29 23:30:00 UTC'],
  ])('of %j is %s', (zone, shown) => {
    expect(localTimeOf(new Date('2026-11-29T23:30:00Z'), zone)).toBe(shown);
  });
});
