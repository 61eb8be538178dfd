import type { CronBroker, DueRun, Firing, FiringCron } from '../../src/broker/port/broker.js';

/** Fires runs of one cron alone. */
export async function fireCron(
  crons: Pick<CronBroker, 'fire'>,
  { name, queue, start, limit }: Pick<FiringCron, 'name' | 'start' | 'limit'> & { readonly queue: string },
  runs: readonly DueRun[],
): Promise<Firing> {
  const firings = await crons.fire(queue, [{ name, start, limit, runs }]);
  if (firings.length !== 1) throw new Error(`One cron was fired, and ${firings.length} answers came.`);
  return firings[0] as Firing;
}
