import type { LiveWorker } from '../broker/port/broker.js';
import type { CronDeclaration, CronSchedule } from '../cron/cron-definition.js';
import type { Finding } from './finding.js';

const COMPARED = ['queue', 'missed', 'thresholdMs', 'overlap'] as const;

/** Crons that another live worker declares differently. */
export function cronDifferences(own: readonly CronDeclaration[], { host, pid, crons }: LiveWorker): Finding[] {
  return own.flatMap((cron) => {
    const other = crons.find(({ name }) => name === cron.name);
    const [here, there] = other ? differenceOf(cron, other) : [];
    if (there === undefined) return [];
    const what =
      `Cron "${cron.name}" is declared with ${here} here and with ${there} by another worker (${host}, pid ${pid}): each fires it as it declares it. ` +
      'In a deployment this ends with the last old worker. Else give both the same `timeZone` or `TZ`, or each its own name.';
    return [{ about: `cron ${cron.name} ${there}`, what }];
  });
}

/** What differs, as one and as the other has it. */
function differenceOf(one: CronDeclaration, other: CronDeclaration): string[] {
  const schedules = [shown(one.schedule), shown(other.schedule)];
  if (schedules[0] !== schedules[1]) return schedules;
  const option = COMPARED.find((name) => one[name] !== other[name]);
  return option ? [one, other].map((cron) => `\`${option}\` ${cron[option]}`) : [];
}

function shown(schedule: CronSchedule): string {
  if ('everyMs' in schedule) return `an interval of ${schedule.everyMs} ms`;
  if ('at' in schedule) return `the time ${new Date(schedule.at).toISOString()}`;
  const { expression, timeZone, utcOffset } = schedule;
  return `"${expression}" in ${utcOffset === undefined ? timeZone : `UTC and ${utcOffset} minutes`}`;
}
