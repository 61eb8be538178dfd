import type { CronRun } from '../broker/port/broker.js';
import type { CronDeclaration } from '../cron/cron-definition.js';
import { MOST_MADE_UP } from '../cron/due-instants.js';
import { NewNames } from '../values/log-once.js';

/** What comes of slow runs, and what helps. */
const PILES_UP = ['Its runs pile up.', "leave runs out with `overlap: 'skip'`, or start more children"] as const;
const SLOW = {
  allow: ['Its runs overlap.', "or leave runs out with `overlap: 'skip'`"],
  skip: ['Runs are left out.', 'or make it faster'],
} as const;

/** The warnings of a scheduler about the runs of its crons. */
export class CronWarnings {
  private readonly slowOnes = new NewNames();
  private readonly piledUp = new NewNames();
  private readonly twofold = new NewNames();

  constructor(private readonly warn: (what: string) => void) {}

  /** For a cron that takes longer than the time to its next run: once, and once more when its runs begin to wait for each other. */
  slow({ name, queue, overlap }: CronDeclaration, intervalMs: number, run: CronRun | undefined): void {
    const { durationMs = 0, waitedMs = 0 } = run ?? {};
    if (durationMs <= intervalMs) return;
    const pilesUp = overlap === 'allow' && waitedMs > intervalMs;
    if (!(pilesUp ? this.piledUp : this.slowOnes).isNew(name)) return;
    const waited = pilesUp ? `waited ${seconds(waitedMs)} in queue "${queue}" and ` : '';
    const [what, remedy] = pilesUp ? PILES_UP : SLOW[overlap];
    this.warn(
      `Cron "${name}" takes longer than the time to its next run: a run ${waited}took ${seconds(durationMs)}, and the next is due ` +
        `${seconds(intervalMs)} after it. ${what} Let it run less often, ${remedy}.`,
    );
  }

  /** Once for one that was set at run time before an app declared one of its name. */
  declaredToo({ name }: CronDeclaration): void {
    if (!this.twofold.isNew(name)) return;
    this.warn(
      `Cron "${name}" was set at run time, and this app declares another of that name: both fire. ` +
        'Remove the former with crons.remove(), or give the one in code another name.',
    );
  }

  overflow({ name }: CronDeclaration): void {
    this.warn(`Cron "${name}" missed more than ${MOST_MADE_UP} runs; only the latest ${MOST_MADE_UP} are made up for.`);
  }

  moved({ name, queue }: CronDeclaration, from: string): void {
    this.warn(
      `A run of cron "${name}" waited in queue "${from}", which no worker serves, and later runs were left out because of it. It is in queue "${queue}" now.`,
    );
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
