import type { LoggerService } from '@nestjs/common';
import type { BacklogPort } from '../../broker/port/backlog-port.js';
import { PeriodicLoop } from '../../maintenance/periodic-loop.js';
import type { ResolvedWorkerOptions } from '../../options/resolve-options.js';
import { counted } from '../../values/counted.js';
import type { Child } from '../child.js';
import { availableBytes, residentBytes } from '../process-memory.js';
import { ChildTarget, type Resize } from './child-target.js';

/** A look costs two commands for each queue. */
const LOOK_MS = 2_000;

type Scaled = Pick<Child, 'pid' | 'dismissed' | 'claimant' | 'scoreboard'>;

export interface ScalerOptions {
  readonly broker: BacklogPort;
  /** those that the worker serves */
  readonly queues: readonly string[];
  readonly worker: Pick<ResolvedWorkerOptions, 'children' | 'concurrency' | 'maxMemoryPercent'>;
  readonly children: () => Iterable<Scaled>;
  /** Whether it runs, and is neither quiet nor stopping. */
  readonly isRunning: () => boolean;
  readonly resize: (children: number) => void;
  readonly logger: Pick<LoggerService, 'log' | 'warn'>;
  readonly onError: (error: unknown) => void;
}

/** Fits the number of children to the tasks that wait, between the two numbers of the option `children`. */
export class Scaler extends PeriodicLoop {
  private readonly target: ChildTarget;

  constructor(private readonly options: ScalerOptions) {
    super(LOOK_MS, options.onError);
    const { worker, logger } = options;
    this.target = new ChildTarget(worker.children, worker.concurrency, () =>
      logger.warn(
        `Tasks wait, but one more child would take more memory than the \`maxMemoryPercent\` of ${worker.maxMemoryPercent}.`,
      ),
    );
  }

  /** A child ended by itself. */
  crashed(): void {
    this.target.crashed(performance.now());
  }

  async tick(): Promise<number> {
    const { broker, queues, isRunning, resize } = this.options;
    if (!isRunning()) return LOOK_MS;
    const [waiting, room] = await Promise.all([broker.claimable(queues), this.room()]);
    if (!isRunning()) return LOOK_MS;
    const children = [...this.options.children()].filter(({ dismissed }) => !dismissed);
    const active = children.reduce((sum, { scoreboard }) => sum + scoreboard.work().active.length, 0);
    const working = children.filter(({ claimant }) => claimant).length;
    const change = this.target.look({ nowMs: performance.now(), waiting, active, working, room });
    if (change) {
      this.log(change);
      resize(change.children);
    }
    return LOOK_MS;
  }

  private log({ from, children, reason }: Resize): void {
    const verb = children > from ? 'Growing' : 'Shrinking';
    this.options.logger.log(`${verb} from ${from} to ${counted(children, 'child', 'children')}: ${reason}.`);
  }

  /** For how many more children of the usual size there is memory. */
  private async room(): Promise<number> {
    const { maxMemoryPercent } = this.options.worker;
    if (maxMemoryPercent === undefined) return Number.POSITIVE_INFINITY;
    const sizes = await Promise.all(Array.from(this.options.children(), ({ pid }) => residentBytes(pid)));
    const taken = sizes.reduce((sum: number, bytes = 0) => sum + bytes, 0);
    const free = (availableBytes() * maxMemoryPercent) / 100 - taken - process.memoryUsage.rss();
    return taken === 0 ? Number.POSITIVE_INFINITY : free / (taken / sizes.length);
  }
}
