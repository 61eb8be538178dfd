import type { Programs } from '../contestants.js';
import type { Contestant } from '../harness/figure.js';
import type { Stage, WorkerSettings } from '../harness/stage.js';
import { tasksPerSecond } from '../harness/tally.js';

/** How many tasks a round takes, so that it lasts a second or two. */
export interface Load {
  readonly full: number;
  readonly quick: number;
}

/** A contestant whose worker starts on a queue that is full and runs it empty; tasks per second from the first start on. */
export function drained(
  name: string,
  programs: Programs,
  settings: WorkerSettings,
  load: Load,
  fullOnly = false,
): Contestant {
  return {
    name,
    fullOnly,
    async measure(stage: Stage): Promise<number> {
      const count = stage.pick(load.full, load.quick);
      await stage.fill(programs, settings.kind ?? 'ping', count);
      const worker = stage.worker(programs, settings);
      const rate = tasksPerSecond(await worker.finished(count));
      await worker.stop();
      return rate;
    },
  };
}
