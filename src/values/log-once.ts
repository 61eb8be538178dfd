import { NestworkError } from '../errors.js';
import { printedReason } from './printed.js';

/**
 * Tells of each trouble once until it is over: what tries again by itself would flood the log otherwise.
 *
 * Outages are not told here; the connection does that, once for all who suffer from them.
 *
 * @example
 * const logOnce = new LogOnce((what) => logger.warn(what));
 * logOnce.about(error); // told
 * logOnce.about(error); // silent
 * logOnce.over();
 */
export class LogOnce {
  private readonly told = new Set<string>();

  constructor(private readonly tell: (what: string) => void) {}

  readonly about = (error: unknown): void => {
    if (error instanceof NestworkError && /^REDIS_(UNAVAILABLE|TIMEOUT)$/.test(error.code)) return;
    const what = printedReason(error);
    if (this.told.has(what)) return;
    this.told.add(what);
    this.tell(what);
  };

  /** @returns whether there was any */
  over(): boolean {
    const any = this.told.size > 0;
    this.told.clear();
    return any;
  }
}
