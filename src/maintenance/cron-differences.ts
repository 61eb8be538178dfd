import type { LiveWorker } from '../broker/port/broker.js';
import type { CronDeclaration, CronSchedule } from '../cron/cron-definition.js';
import type { Finding } from './finding.js';

/** Crons that another live worker declares differently. */
export function cronDifferences(own: readonly CronDeclaration[], { host, pid, crons }: LiveWorker): Finding[] {
  return own.flatMap((cron) => {
    const other = crons.find(({ name }) => name === cron.name);
    const difference = other && differenceOf(cron, other);
    return difference ? [different(cron.name, difference, `${host}, pid ${pid}`)] : [];
  });
}

function different(name: string, { here, there }: Difference, place: string): Finding {
  return {
    about: `cron ${name} ${there}`,
    what:
      `Cron "${name}" is declared with ${here} here and with ${there} by another worker (${place}): each fires it as it declares it. ` +
      'In a deployment this ends with the last old worker. Else give both the same `timeZone` or `TZ`, or each its own name.',
  };
}

interface Difference {
  readonly here: string;
  readonly there: string;
}

const COMPARED = ['queue', 'missed', 'thresholdMs', 'overlap'] as const;

function differenceOf(one: CronDeclaration, other: CronDeclaration): Difference | undefined {
  const [here, there] = [shown(one.schedule), shown(other.schedule)];
  if (here !== there) return { here, there };
  const option = COMPARED.find((name) => one[name] !== other[name]);
  return option && { here: `\`${option}\` ${one[option]}`, there: `\`${option}\` ${other[option]}` };
}

function shown(schedule: CronSchedule): string {
  if ('everyMs' in schedule) return `an interval of ${schedule.everyMs} ms`;
  if ('at' in schedule) return `the time ${new Date(schedule.at).toISOString()}`;
  const { expression, timeZone, utcOffset } = schedule;
  return `"${expression}" in ${utcOffset === undefined ? timeZone : `UTC and ${utcOffset} minutes`}`;
}
