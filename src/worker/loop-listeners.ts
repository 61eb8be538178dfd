import type { CatalogEntry, ChildBroker, Claimant, DeathReportBroker } from '../broker/port/broker.js';
import { nameIndex } from '../ipc/scoreboard-layout.js';
import type { PayloadCodec } from '../payload/payload-codec.js';
import type { TaskHookProvider } from '../task/task-hooks.js';
import type { ClaimLoopOptions } from './claim-loop.js';
import { cronRuns } from './cron-run.js';
import { DeathWatch } from './death-watch.js';
import { DoneLog, keptDone } from './done-log.js';
import { MetricsFlush } from './metrics-flush.js';
import { NotesWriter } from './notes/notes-writer.js';

export interface LoopListenersOptions {
  readonly broker: ChildBroker & { readonly deadLetters: DeathReportBroker };
  readonly claimant: Claimant;
  readonly catalog: readonly CatalogEntry[];
  readonly hooks: readonly TaskHookProvider[];
  /** whether tasks are counted */
  readonly metrics: boolean;
  /** opens the errors of sealed tasks for hooks of deaths */
  readonly payloads: PayloadCodec;
}

/** All that follows the tasks of a claim loop: counts, notes, records of done tasks and of crons, hooks of deaths. */
export class LoopListeners {
  /** the options of the loop that it listens to */
  readonly loop: Pick<ClaimLoopOptions, 'onStart' | 'notes' | 'onOutcome' | 'names'>;
  private readonly metrics: MetricsFlush | undefined;
  private readonly notes: NotesWriter;
  private readonly done: DoneLog | undefined;
  private readonly deaths: DeathWatch;

  constructor({ broker, claimant, catalog, hooks, metrics: isCounted, payloads }: LoopListenersOptions) {
    const names = catalog.map(({ name }) => name);
    const metrics = isCounted ? new MetricsFlush({ broker: broker.metrics, claimant, names }) : undefined;
    const kept = keptDone(catalog);
    const done = kept && new DoneLog(kept, { keep: (...records) => broker.done.keep(...records) });
    const notes = new NotesWriter({ write: (given) => broker.notes.write(claimant, given) });
    const crons = cronRuns((cron, run) => broker.crons.recordRun(claimant, cron, run));
    this.metrics = metrics;
    this.done = done;
    this.notes = notes;
    this.deaths = new DeathWatch({ broker: broker.deadLetters, claimant, hooks, payloads });
    this.loop = {
      onStart: metrics?.onStart,
      notes,
      onOutcome: (task, outcome, givenBack) => {
        crons(task, outcome, givenBack);
        metrics?.onOutcome(task, outcome, givenBack);
        notes.onOutcome(task, outcome, givenBack);
        done?.onOutcome(task, outcome, givenBack);
      },
      names: nameIndex(catalog),
    };
  }

  start(): void {
    this.deaths.start();
  }

  /** After the loop. Resolves when the rest is sent, or when that takes too long. */
  async end(): Promise<void> {
    await Promise.all([this.metrics?.end(), this.notes.end(), this.done?.end(), this.deaths.stop()]);
  }
}
