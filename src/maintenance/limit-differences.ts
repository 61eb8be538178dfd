import type { LimitDeclaration, LiveWorker } from '../broker/port/broker.js';
import { limitDifference } from '../policy/limit-difference.js';
import type { Finding } from './finding.js';

/** Limits that another live worker declares differently. */
export function limitDifferences(own: readonly LimitDeclaration[], { host, pid, limits }: LiveWorker): Finding[] {
  return own.flatMap((limit) => {
    const other = limits.find(({ name }) => name === limit.name);
    const [here, there] = (other && limitDifference(limit, other)) ?? [];
    if (there === undefined) return [];
    const what =
      `Limit "${limit.name}" is declared with ${here} here and with ${there} by another worker (${host}, pid ${pid}): for both holds what the ` +
      'worker declares that started last. In a deployment this ends with the last old worker. Else give both the same numbers, or each its own name.';
    return [{ about: `limit ${limit.name} ${there}`, what }];
  });
}
