import type { CronBroker, DueRun, Firing, FiringCron } from '../../src/broker/port/broker.js';

/** Fires runs of one cron alone. */
export async function fireCron(
  crons: Pick<CronBroker, 'fire'>,
  { name, queue, start }: Pick<FiringCron, 'name' | 'start'> & { readonly queue: string },
  runs: readonly DueRun[],
): Promise<Firing> {
  const firings = await crons.fire(queue, [{ name, start, runs }]);
  if (firings.length !== 1) throw new Error(`One cron was fired, and ${firings.length} answers came.`);
  return firings[0] as Firing;
}
