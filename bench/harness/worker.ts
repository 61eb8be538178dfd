import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Program } from './program.js';
import { readSheets, type TallySheet } from './tally.js';

const PATIENCE_MS = 120_000;
const LOOK_EVERY_MS = 50;

/** A contestant's worker, with all its processes. */
export class Worker {
  constructor(
    readonly program: Program,
    private readonly directory: string,
  ) {}

  /** The counts of its processes so far. */
  sheets(): TallySheet[] {
    return existsSync(this.directory) ? readSheets(this.directory) : [];
  }

  /** Resolves to the counts at the time when so many tasks were finished. */
  async finished(count: number): Promise<TallySheet[]> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const sheets = this.sheets();
      const total = sheets.reduce((sum, sheet) => sum + sheet.count, 0);
      if (total >= count) return sheets;
      if (!this.program.running) this.program.fail('the worker has ended');
      if (performance.now() > deadline) this.program.fail(`has finished ${total} of ${count} tasks`);
      await delay(LOOK_EVERY_MS);
    }
  }

  stop(): Promise<void> {
    return this.program.stop();
  }
}
