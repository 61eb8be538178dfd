import { nearestDate } from '../values/dates.js';
import type { CronDeclaration, CronSchedule, CronTimes } from './cron-definition.js';

const COMPARED = ['queue', 'missed', 'thresholdMs', 'overlap', 'limit'] as const;

/** The first setting in which two declarations of a cron differ, as one and as the other has it; undefined where they agree. */
export function cronDifference(
  one: CronDeclaration,
  other: CronDeclaration,
): readonly [one: string, other: string] | undefined {
  const schedules = [shown(one.schedule), shown(other.schedule)] as const;
  if (schedules[0] !== schedules[1]) return schedules;
  const option = COMPARED.find((name) => one[name] !== other[name]);
  return option && [`\`${option}\` ${one[option] ?? 'none'}`, `\`${option}\` ${other[option] ?? 'none'}`];
}

function shown(schedule: CronSchedule): string {
  const { startAt, endAt, jitterMs } = schedule;
  const bounds = [
    startAt !== undefined && `from ${nearestDate(startAt).toISOString()} on`,
    endAt !== undefined && `until ${nearestDate(endAt).toISOString()}`,
    jitterMs && `${jitterMs} ms later`,
  ];
  return [times(schedule), ...bounds.filter(Boolean)].join(', ');
}

function times(schedule: CronTimes): string {
  if ('everyMs' in schedule) {
    const { everyMs, offsetMs, from } = schedule;
    if (from === 'end') return `an interval of ${everyMs} ms from the end of the last run`;
    return `an interval of ${everyMs} ms${offsetMs ? `, ${offsetMs} ms after its multiples` : ''}`;
  }
  if ('at' in schedule) return `the time ${nearestDate(schedule.at).toISOString()}`;
  if ('only' in schedule) return 'a run at each release';
  const { expression, timeZone, utcOffset, except = [] } = schedule;
  const clock = utcOffset === undefined ? timeZone : `UTC and ${utcOffset} minutes`;
  return [`"${expression}" in ${clock}`, ...except.map((days) => `without ${days}`)].join(', ');
}
