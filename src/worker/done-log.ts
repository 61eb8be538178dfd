import type { CatalogEntry } from '../broker/port/broker.js';
import type { DoneRecord } from '../task/done-record.js';
import { inCleanContext } from '../values/clean-context.js';
import { type Clock, systemClock } from '../values/clock.js';
import { LogOnce } from '../values/log-once.js';
import { soon } from '../values/soon.js';
import type { OutcomeListener } from './executor.js';
import { WorkerLog } from './worker-log.js';

/** Done tasks are sent after so long, in ms. */
const SEND_MS = 1_000;
/** Or once there are so many of one name. */
const MOST_SENT = 500;
/** How long the end of a child waits for its last ones, in ms. */
const END_MS = 1_000;

export interface DoneLogOptions {
  readonly keep: (task: string, most: number, records: readonly DoneRecord[]) => Promise<void>;
  readonly clock?: Clock;
  /** ms between two commands; 1 s by default */
  readonly everyMs?: number;
}

/** Keeps the tasks that are done, of those names that ask for it. No task waits for that. */
export class DoneLog {
  private readonly records = new Map<string, DoneRecord[]>();
  private readonly underWay = new Set<Promise<void>>();
  private readonly log = new WorkerLog('TaskWorker');
  private readonly errors = new LogOnce((reason) => this.log.warn(`Done tasks are not kept: ${reason}`));
  private readonly clock: Clock;
  private timer: NodeJS.Timeout | undefined;

  /** @param most how many to keep of each name, see `keptDone` */
  constructor(
    private readonly most: ReadonlyMap<string, number>,
    private readonly options: DoneLogOptions,
  ) {
    this.clock = options.clock ?? systemClock;
  }

  readonly onOutcome: OutcomeListener = ({ id, name, queue, message, attempt }, outcome) => {
    const most = this.most.get(name);
    if (most === undefined || outcome.kind !== 'done') return;
    const records = this.records.get(name) ?? [];
    this.records.set(name, records);
    const endedAt = this.clock();
    const startedAt = endedAt - Math.round(outcome.durationMs);
    records.push({ id, queue, enqueuedAt: message.enqueuedAt, startedAt, endedAt, attempt });
    if (records.length >= MOST_SENT) this.send();
    else this.timer ??= inCleanContext(() => setTimeout(() => this.send(), this.options.everyMs ?? SEND_MS));
  };

  /** Sends what is left. Resolves when all is answered. */
  async settled(): Promise<void> {
    this.send();
    await Promise.all(this.underWay);
  }

  /** As `settled`, but does not wait for long. */
  async end(): Promise<void> {
    await soon(this.settled(), END_MS);
  }

  private send(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const [name, records] of this.records) {
      const sent = this.keep(name, records).finally(() => this.underWay.delete(sent));
      this.underWay.add(sent);
    }
    this.records.clear();
  }

  /** Those that Redis does not take are lost: it would be no help to fill the memory of a worker with them. */
  private async keep(name: string, records: readonly DoneRecord[]): Promise<void> {
    try {
      await this.options.keep(name, this.most.get(name) ?? 0, records);
      this.errors.over();
    } catch (error) {
      this.errors.about(error);
    }
  }
}

/** How many to keep of each name; undefined where no name asks for it. */
export function keptDone(catalog: readonly CatalogEntry[]): ReadonlyMap<string, number> | undefined {
  const kept = catalog.flatMap(({ name, keepDone = 0 }) => (keepDone > 0 ? [[name, keepDone] as const] : []));
  return kept.length > 0 ? new Map(kept) : undefined;
}
