import { NestworkError } from '../errors.js';
import { printedReason } from './printed.js';

/** So many names are remembered. With one more, all are forgotten: others may send tasks of any number of names. */
const MOST = 1_000;

/** Distinguishes new names from those met before, for lines that are logged once for each name. */
export class NewNames {
  private readonly met = new Set<string>();

  /** Whether this name is met for the first time. */
  isNew(name: string): boolean {
    if (this.met.has(name)) return false;
    if (this.met.size === MOST) this.met.clear();
    this.met.add(name);
    return true;
  }

  /** @returns whether there was any */
  forget(): boolean {
    const any = this.met.size > 0;
    this.met.clear();
    return any;
  }
}

/**
 * Logs each error once until it is over: a command that is repeated would flood the log otherwise.
 *
 * It leaves outages to the connection, which logs each once for all its commands.
 *
 * @example
 * const logOnce = new LogOnce((what) => logger.warn(what));
 * logOnce.about(error); // logged
 * logOnce.about(error); // silent
 * logOnce.over();
 */
export class LogOnce {
  private readonly logged = new NewNames();

  constructor(private readonly log: (what: string) => void) {}

  readonly about = (error: unknown): void => {
    if (error instanceof NestworkError && /^REDIS_(UNAVAILABLE|TIMEOUT)$/.test(error.code)) return;
    const what = printedReason(error);
    if (this.logged.isNew(what)) this.log(what);
  };

  /** @returns whether there was any */
  over(): boolean {
    return this.logged.forget();
  }
}
