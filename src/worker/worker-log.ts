import { Logger } from '@nestjs/common';

/** Writes what becomes of tasks. A logger of the app that throws must not decide over a task, nor end the process. */
export class WorkerLog {
  private readonly logger: Logger;

  constructor(context: string) {
    this.logger = new Logger(context);
  }

  log(line: string): void {
    attempt(() => this.logger.log(line));
  }

  warn(line: string): void {
    attempt(() => this.logger.warn(line));
  }

  /** @param stack below the line */
  error(line: string, stack?: string): void {
    attempt(() => (stack === undefined ? this.logger.error(line) : this.logger.error(line, stack)));
  }
}

function attempt(write: () => void): void {
  try {
    write();
  } catch {
    // there is nowhere to say so
  }
}
