import type { TaskInfo } from '../../task/task-hooks.js';
import { NewNames } from '../../values/log-once.js';
import { printable } from '../../values/printable.js';
import { printed } from '../../values/printed.js';
import { WorkerLog } from '../../worker/worker-log.js';

/** What is wrong with the tracing of a process, each logged once: a trace is not worth a task, nor a log that is full of it. */
export class Trouble {
  private readonly log = new WorkerLog('OpenTelemetry');
  private readonly known = new NewNames();

  /** What it returns; undefined where it throws, which is logged once. */
  guard<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      this.once('failure', `Something was not traced or measured, and others may follow: ${printed(error)}`);
      return undefined;
    }
  }

  unusable({ name, id }: TaskInfo, header: string): void {
    const which = `${printable(name)} ${printable(id)}`;
    this.once(
      `header ${header}`,
      `Task ${which} has no link to its sender, because its header ${printable(header)} is no trace context. No other such task is logged.`,
    );
  }

  private once(what: string, line: string): void {
    if (this.known.isNew(what)) this.log.warn(line);
  }
}
