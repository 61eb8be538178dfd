import type { WorkerOrder } from '../../broker/port/worker-port.js';
import { printable } from '../../values/printable.js';
import type { ChildProcess } from '../child-process.js';
import type { Steered } from './orders.js';
import { RollingReplacement } from './rolling-replacement.js';

/** What a supervisor can do for an order. */
export interface Steps {
  readonly children: ReadonlySet<ChildProcess>;
  readonly state: () => 'running' | 'quiet' | 'stopping';
  /** Asks all children to end, and forks none in their place. */
  quiet(): void;
  stop(why: string): void;
  /** Replaces a child without a gap, if that is possible now. */
  retire(child: ChildProcess, why: string): void;
}

/** Carries out the orders to a supervisor. Each has the same effect when it comes twice. */
export class Steering implements Steered {
  private readonly recycling: RollingReplacement<ChildProcess>;
  private lastBy = '';

  constructor(private readonly steps: Steps) {
    this.recycling = new RollingReplacement(steps.children, (child) =>
      steps.retire(child, `${printable(this.lastBy)} has ordered it`),
    );
  }

  obey({ action, pid, by }: WorkerOrder): string | undefined {
    const { steps } = this;
    const state = steps.state();
    if (state === 'stopping') return 'it is stopping';
    if (action === 'stop') steps.stop('Stop');
    else if (action === 'quiet') steps.quiet();
    else if (state === 'quiet') return 'it is quiet, and its children end';
    else return this.recycle(pid, by);
    return undefined;
  }

  /** After each change of the children. */
  changed(): void {
    this.recycling.goOn();
  }

  private recycle(pid: number | undefined, by: string): string | undefined {
    const chosen = [...this.steps.children].filter((child) => pid === undefined || child.pid === pid);
    if (chosen.length === 0) return 'it has no such child';
    this.lastBy = by;
    this.recycling.add(chosen);
    return undefined;
  }
}
