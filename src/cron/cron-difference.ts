import type { CronDeclaration, CronSchedule } from './cron-definition.js';

const COMPARED = ['queue', 'missed', 'thresholdMs', 'overlap'] as const;

/** The first setting in which two declarations of a cron differ, as one and as the other has it; undefined where they agree. */
export function cronDifference(
  one: CronDeclaration,
  other: CronDeclaration,
): readonly [one: string, other: string] | undefined {
  const schedules = [shown(one.schedule), shown(other.schedule)] as const;
  if (schedules[0] !== schedules[1]) return schedules;
  const option = COMPARED.find((name) => one[name] !== other[name]);
  return option && [`\`${option}\` ${one[option]}`, `\`${option}\` ${other[option]}`];
}

function shown(schedule: CronSchedule): string {
  if ('everyMs' in schedule) return `an interval of ${schedule.everyMs} ms`;
  if ('at' in schedule) return `the time ${new Date(schedule.at).toISOString()}`;
  const { expression, timeZone, utcOffset } = schedule;
  return `"${expression}" in ${utcOffset === undefined ? timeZone : `UTC and ${utcOffset} minutes`}`;
}
