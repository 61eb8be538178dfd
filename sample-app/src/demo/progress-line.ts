import { formatCount } from '../chart/format-numbers.js';
import type { ReportStatus } from '../reports/reports.service.js';
import { bar, paint, say } from './terminal.js';

/** the width that is left beside the facts: a line that wraps cannot be redrawn */
const BAR_WIDTH = Math.max(8, Math.min(24, (process.stdout.columns ?? 80) - 56));
/** where nothing can be redrawn: a line at each quarter */
const STEPS = 4;

/** Shows how far a report is: one line that is redrawn on a terminal, a few lines elsewhere. */
export class ProgressLine {
  private readonly begunAt = Date.now();
  private nextStep = 1;

  show(status: ReportStatus): void {
    const { done, total } = status.tasks;
    const share = done > 0 ? done / total : 0;
    const seconds = ((Date.now() - this.begunAt) / 1_000).toFixed(1);
    const facts = done === 0 ? 'finding files' : `${formatCount(done)}/${formatCount(total)} tasks`;
    const line = `${percent(share)}  ${facts}  ${paint('gray', `${seconds} s`)}`;
    if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K  ${bar(share, BAR_WIDTH)} ${line}`);
    else if (share * STEPS >= this.nextStep) {
      this.nextStep = Math.floor(share * STEPS) + 1;
      say(line);
    }
  }

  /** Leaves the line as it is. */
  end(): void {
    if (process.stdout.isTTY) say();
  }
}

function percent(share: number): string {
  return paint('bold', `${Math.floor(share * 100)}%`.padStart(4));
}
