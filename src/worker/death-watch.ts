import { setTimeout as delay } from 'node:timers/promises';
import type { Claimant, DeadEntry, Death, DeathReportBroker } from '../broker/port/broker.js';
import { DeadTask } from '../inspector/dead-task.js';
import { deathHooks, type OnTaskDead } from '../inspector/on-task-dead.js';
import type { PayloadCodec } from '../payload/payload-codec.js';
import { hookName } from '../task/hook-calls.js';
import type { TaskHookProvider } from '../task/task-hooks.js';
import { LogOnce } from '../values/log-once.js';
import { persist } from '../values/persist.js';
import { printable } from '../values/printable.js';
import { printed } from '../values/printed.js';
import { soon } from '../values/soon.js';
import { WorkerLog } from './worker-log.js';

/** A death is reported after so long at most, in ms, while hooks keep up. */
const LOOK_MS = 2_000;
const RETRY_MS = 2_000;
/** How long the end of a child waits for hooks that are under way, in ms. */
const END_MS = 10_000;

export interface DeathWatchOptions {
  readonly broker: DeathReportBroker;
  readonly claimant: Pick<Claimant, 'child' | 'queues'>;
  readonly hooks: readonly TaskHookProvider[];
  /** opens the records of sealed tasks; by default their errors are `[sealed]` */
  readonly payloads?: PayloadCodec;
  /** ms between two looks; 2 s by default */
  readonly everyMs?: number;
}

/**
 * Calls the `onTaskDead` hooks of the app for deaths that no other process has taken, for any reason and on any machine.
 * Asks Redis nothing when the app has no such hook.
 */
export class DeathWatch {
  private readonly hooks: readonly OnTaskDead[];
  private readonly log = new WorkerLog('TaskHooks');
  private readonly errors = new LogOnce((reason) => this.log.warn(`Deaths are reported later: ${reason}`));
  private readonly ending = new AbortController();
  private watching: Promise<void> | undefined;
  private calls = 0;

  constructor(private readonly options: DeathWatchOptions) {
    this.hooks = deathHooks(options.hooks);
  }

  start(): void {
    if (this.hooks.length > 0) this.watching ??= this.watch();
  }

  /** Resolves when no hook runs any more, or when that takes too long. Deaths that were not taken are left to others. */
  async stop(): Promise<void> {
    this.ending.abort();
    await soon(this.watching, END_MS);
  }

  private async watch(): Promise<void> {
    const { everyMs = LOOK_MS } = this.options;
    while (!this.ending.signal.aborted) {
      const deaths = await this.take();
      for (const death of deaths) await this.report(death);
      if (deaths.length === 0) await delay(everyMs, undefined, { signal: this.ending.signal }).catch(() => {});
    }
  }

  private async take(): Promise<(Death & Pick<DeadEntry, 'queue'>)[]> {
    const { broker, claimant } = this.options;
    const number = this.calls + 1;
    const deaths = await this.answered(() => broker.takeDeaths(claimant, number));
    if (deaths) this.calls = number;
    return deaths ?? [];
  }

  /** A task that was redriven or deleted meanwhile has no record, and one that died again is taken again. */
  private async report({ queue, id, diedAt }: Death & Pick<DeadEntry, 'queue'>): Promise<void> {
    const entry = await this.answered(() => this.options.broker.find(queue, id));
    if (entry?.diedAt !== diedAt) return;
    const task = new DeadTask(entry, this.options.payloads);
    for (const hook of this.hooks) {
      try {
        await hook.onTaskDead(task);
      } catch (error) {
        const failure = `failed at the death of ${printable(task.task ?? 'a task')} ${printable(id)}`;
        this.log.error(`A hook of ${printable(hookName(hook))} ${failure}: ${printed(error)}`);
      }
    }
  }

  /** Repeats a command until it is answered; undefined when the child ends before. */
  private async answered<T>(command: () => Promise<T>): Promise<T | undefined> {
    const { signal } = this.ending;
    const persistence = { retryMs: RETRY_MS, onError: this.errors.about, isFinal: () => signal.aborted, signal };
    const answer = await persist(command, persistence).catch(() => undefined);
    this.errors.over();
    return answer;
  }
}
