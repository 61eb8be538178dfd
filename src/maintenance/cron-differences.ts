import type { LiveWorker } from '../broker/port/broker.js';
import type { CronDeclaration } from '../cron/cron-definition.js';
import { cronDifference } from '../cron/cron-difference.js';
import type { Finding } from './finding.js';

/** Crons that another live worker declares differently. */
export function cronDifferences(own: readonly CronDeclaration[], { host, pid, crons }: LiveWorker): Finding[] {
  return own.flatMap((cron) => {
    const other = crons.find(({ name }) => name === cron.name);
    const [here, there] = (other && cronDifference(cron, other)) ?? [];
    if (there === undefined) return [];
    const what =
      `Cron "${cron.name}" is declared with ${here} here and with ${there} by another worker (${host}, pid ${pid}): each fires it as it declares it. ` +
      'In a deployment this ends with the last old worker. Else give both the same `timeZone` or `TZ`, or each its own name.';
    return [{ about: `cron ${cron.name} ${there}`, what }];
  });
}
