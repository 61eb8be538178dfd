import type { CronSchedule } from '../../src/cron/cron-definition.js';
import { instantsOf } from '../../src/cron/cron-schedule.js';

const at = (text: string): number => Date.parse(text);

function following(schedule: CronSchedule, after: string, count: number): string[] {
  const instants = instantsOf(schedule, 'a test');
  const found: string[] = [];
  for (let time = instants.next(at(after)); time !== undefined && found.length < count; time = instants.next(time)) {
    found.push(new Date(time).toISOString().replace('.000Z', 'Z'));
  }
  return found;
}

function latest(schedule: CronSchedule, until: string, most: number): string[] {
  const found = instantsOf(schedule, 'a test').latest(at(until), most);
  return found.map((time) => new Date(time).toISOString().replace('.000Z', 'Z'));
}

const paris = (expression: string, ...except: string[]): CronSchedule => ({
  expression,
  timeZone: 'Europe/Paris',
  except,
});

describe('a cron that leaves days out', () => {
  it.each<[string[], string[]]>([
    [['2026-12-25'], ['2026-12-24T07:00:00Z', '2026-12-26T07:00:00Z']],
    [['12-25'], ['2026-12-24T07:00:00Z', '2026-12-26T07:00:00Z']],
    [['2026-12-25/2027-01-06'], ['2026-12-24T07:00:00Z', '2027-01-07T07:00:00Z']],
    [['12-25/01-06'], ['2026-12-24T07:00:00Z', '2027-01-07T07:00:00Z']],
    [['2025-12-25'], ['2026-12-24T07:00:00Z', '2026-12-25T07:00:00Z']],
    [
      ['12-25', '2026-12-24', '01-01/12-23'],
      ['2026-12-26T07:00:00Z', '2026-12-27T07:00:00Z'],
    ],
  ])('without %j is due on the others', (except, wanted) => {
    expect(following(paris('0 8 * * *', ...except), '2026-12-24T00:00:00Z', 2)).toEqual(wanted);
  });

  it('goes by its own clock', () => {
    const schedule: CronSchedule = { expression: '0 1 * * *', timeZone: 'Asia/Tokyo', except: ['2026-12-25'] };
    expect(following(schedule, '2026-12-23T00:00:00Z', 2)).toEqual(['2026-12-23T16:00:00Z', '2026-12-25T16:00:00Z']);
    const offset: CronSchedule = { expression: '0 23 * * *', utcOffset: -120, except: ['12-25'] };
    expect(following(offset, '2026-12-25T00:30:00Z', 2)).toEqual(['2026-12-25T01:00:00Z', '2026-12-27T01:00:00Z']);
  });

  it('is due again in the first second after them, also of one that is due each second', () => {
    const schedule = paris('* * * * * *', '2026-12-01/2026-12-31');
    expect(following(schedule, '2026-11-30T22:59:58Z', 2)).toEqual(['2026-11-30T22:59:59Z', '2026-12-31T23:00:00Z']);
    expect(latest(schedule, '2026-12-31T23:00:00Z', 3)).toEqual([
      '2026-11-30T22:59:58Z',
      '2026-11-30T22:59:59Z',
      '2026-12-31T23:00:00Z',
    ]);
  });

  it('on a day on which the clock changes leaves out that day alone', () => {
    // 2026-03-29 has 23 hours in Paris, and 2026-10-25 has 25
    const hourly = paris('0 * * * *', '2026-03-29', '2026-10-25');
    expect(following(hourly, '2026-03-28T21:30:00Z', 2)).toEqual(['2026-03-28T22:00:00Z', '2026-03-29T22:00:00Z']);
    expect(following(hourly, '2026-10-24T20:30:00Z', 2)).toEqual(['2026-10-24T21:00:00Z', '2026-10-25T23:00:00Z']);
    expect(latest(hourly, '2026-10-25T23:30:00Z', 2)).toEqual(['2026-10-24T21:00:00Z', '2026-10-25T23:00:00Z']);
  });

  it('has the latest times in the order of time', () => {
    expect(latest(paris('0 8 * * *', '12-25', '12-27'), '2026-12-28T12:00:00Z', 3)).toEqual([
      '2026-12-24T07:00:00Z',
      '2026-12-26T07:00:00Z',
      '2026-12-28T07:00:00Z',
    ]);
  });

  it.each([
    ['2026-02-30'],
    ['02-30'],
    ['2026-13-01'],
    ['25.12.2026'],
    ['2026-12-25/12-26'],
    ['2026-12-26/2026-12-25'],
    ['2026-12-25/2026-12-26/2026-12-27'],
    ['12-25T00:00'],
    [''],
  ])('is refused with %j', (days) => {
    expect(() => instantsOf(paris('0 8 * * *', days), '@Cron() on A.b in C')).toThrow(
      expect.objectContaining({ code: 'INVALID_CRON', message: expect.stringContaining('`except` of @Cron() on A.b') }),
    );
  });

  it('is refused when that is each of its days', () => {
    expect(() => instantsOf(paris('0 8 24 12 *', '12-20/12-31'), 'a test')).toThrow('all its days are left out');
    expect(() => instantsOf(paris('* * * * *', '01-01/12-31'), 'a test')).toThrow('all its days are left out');
  });
});
