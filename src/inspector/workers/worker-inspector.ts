import type { ActionPort } from '../../broker/port/action-port.js';
import type { LiveSessions, WorkerAction, WorkerPort } from '../../broker/port/worker-port.js';
import { NestworkError } from '../../errors.js';
import { counted } from '../../values/counted.js';
import { assertKnownOptions } from '../../values/known-options.js';
import { invalid } from '../../values/option-values.js';
import { printable } from '../../values/printable.js';
import { shown } from '../../values/shown.js';
import { assertBy } from '../actor.js';
import { byPlace, placeOf, shortId } from './worker-place.js';
import { describeLapsed, describeWorker, type LapsedWorker, mayClaim, type WorkerReport } from './worker-report.js';

/** How long workers publish more often after a call of `watch()`, in ms. */
const WATCH_MS = 10_000;

/**
 * How to quiet, stop or recycle a worker.
 *
 * @example
 * const options: WorkerControlOptions = { by: 'anna' };
 */
export interface WorkerControlOptions {
  /** The name of the person or program that orders it; the worker logs and shows it, and the record of actions has it. At most 256 characters. */
  by: string;
}

/**
 * Looks at the workers of a namespace with their children and active tasks, and steers them.
 *
 * A worker is named by its id, or by the beginning of it that no other worker has.
 *
 * @example
 * for (const { host, pid, children } of await inspector.workers.list()) {
 *   for (const child of children) console.log(`${host} ${pid} ${child.pid}: ${child.running} tasks`);
 * }
 */
export class WorkerInspector {
  /** @internal */
  constructor(
    private readonly broker: WorkerPort,
    private readonly actions: Pick<ActionPort, 'record'>,
  ) {}

  /** All workers whose lease runs, by host and pid. One script for 25 of them. */
  async list(): Promise<readonly WorkerReport[]> {
    return this.from(undefined);
  }

  /**
   * Those of sessions that were read a moment ago.
   *
   * @internal
   */
  async from(sessions: LiveSessions | undefined): Promise<readonly WorkerReport[]> {
    const workers = (await this.broker.workers(sessions)).map(describeWorker);
    return workers.sort(byPlace);
  }

  /**
   * The workers whose lease has run out and whose tasks nobody has given back yet, by host and pid. Mostly none: a running worker
   * gives them back within some seconds, and then nothing is kept of them.
   *
   * @example
   * for (const { host, pid } of await inspector.workers.lapsed()) console.log(`Nobody has taken over from ${host} ${pid}.`);
   */
  async lapsed(): Promise<readonly LapsedWorker[]> {
    return this.lapsedFrom(undefined);
  }

  /**
   * Those of sessions that were read a moment ago.
   *
   * @internal
   */
  async lapsedFrom(sessions: LiveSessions | undefined): Promise<readonly LapsedWorker[]> {
    const workers = (await this.broker.lapsed(sessions)).map(describeLapsed);
    return workers.sort(byPlace);
  }

  /**
   * One worker.
   *
   * @example
   * const { state, running } = await inspector.workers.get('4f1c');
   *
   * @throws NestworkError UNKNOWN_WORKER
   */
  async get(worker: string): Promise<WorkerReport> {
    return chosen(worker, await this.list());
  }

  /**
   * Lets all workers publish every 2 s for the next 10 s, in place of a few times in each lease. Call it again and again while
   * somebody looks.
   *
   * @example
   * const timer = setInterval(() => void inspector.workers.watch(), 5_000);
   */
  async watch(): Promise<void> {
    await this.broker.watch(WATCH_MS);
  }

  /**
   * Lets a worker claim nothing more. Its active tasks go on; its children end with them. The supervisor stays, so that a service
   * manager does not start another one, and waits for SIGTERM or `stop()`. Resolves to the worker as it was.
   *
   * @example
   * await inspector.workers.quiet('4f1c', { by: 'anna' });
   *
   * @throws NestworkError UNKNOWN_WORKER, WORKER_TAKES_NO_ORDERS, INVALID_OPTION
   */
  async quiet(worker: string, options: WorkerControlOptions): Promise<WorkerReport> {
    return this.order('quiet', worker, options);
  }

  /**
   * Stops a worker as SIGTERM does: its active tasks finish within the `shutdownGrace`, then its process ends with 0. Resolves to
   * the worker as it was.
   *
   * @example
   * await inspector.workers.stop('4f1c', { by: 'anna' });
   *
   * @throws NestworkError UNKNOWN_WORKER, WORKER_TAKES_NO_ORDERS, INVALID_OPTION
   */
  async stop(worker: string, options: WorkerControlOptions): Promise<WorkerReport> {
    return this.order('stop', worker, options);
  }

  /**
   * Replaces the children of a worker, one after another, or one of them. Each works until its successor does, and finishes its
   * active tasks. Resolves to the worker as it was.
   *
   * @example
   * await inspector.workers.recycle('4f1c', { child: 4711, by: 'anna' });
   *
   * @throws NestworkError UNKNOWN_WORKER, WORKER_TAKES_NO_ORDERS, INVALID_OPTION
   */
  async recycle(
    worker: string,
    options: WorkerControlOptions & {
      /**
       * The pid of a child.
       * @default all children
       */
      child?: number;
    },
  ): Promise<WorkerReport> {
    const { child, ...rest } = options;
    if (child !== undefined && !(Number.isSafeInteger(child) && child > 0))
      throw invalid('child', `is ${shown(child)}`, 'Give the pid of a child.');
    return this.order('recycle', worker, rest, child);
  }

  private async order(
    action: WorkerAction,
    name: string,
    options: WorkerControlOptions,
    pid?: number,
  ): Promise<WorkerReport> {
    assertKnownOptions(options, ['by'], `workers.${action}()`);
    const { by } = options;
    assertBy(by);
    const worker = await this.get(name);
    assertTakesOrders(worker);
    if (action === 'recycle') assertReplacesChildren(worker);
    if (pid !== undefined && worker.forked === worker.children.length) assertChild(worker, pid);
    if ((await this.broker.order(worker.id, { action, pid, by })) === undefined) throw unknown(name, []);
    await this.actions.record({
      action,
      subject: pid === undefined ? worker.id : `${worker.id} child ${pid}`,
      count: 1,
      by,
    });
    return worker;
  }
}

/** @throws NestworkError UNKNOWN_WORKER */
function chosen(name: string, workers: readonly WorkerReport[]): WorkerReport {
  const found = workers.filter(({ id }) => id === name);
  const matching = found.length > 0 || name === '' ? found : workers.filter(({ id }) => id.startsWith(name));
  const [worker] = matching;
  if (worker && matching.length === 1) return worker;
  throw matching.length > 1 ? ambiguous(name, matching) : unknown(name, workers);
}

function assertTakesOrders(worker: WorkerReport): void {
  const { state, inProcess } = worker;
  if (!inProcess && state !== 'unknown') return;
  const where = beginning(worker);
  throw new NestworkError(
    'WORKER_TAKES_NO_ORDERS',
    inProcess ? `${where} runs in the process of its app.` : `${where} has published nothing about itself.`,
    inProcess
      ? 'Stop the app, or run the worker by WorkerFactory.run.'
      : ['Try again in a few seconds, if it has just begun.', 'Send it SIGTERM, if it is of an older version.'],
  );
}

/** Of a sentence. */
function beginning(worker: WorkerReport): string {
  return `W${placeOf(worker.id, worker).slice(1)}`;
}

/** It would pass over the order, and nobody would see that. */
function assertReplacesChildren(worker: WorkerReport): void {
  if (mayClaim(worker)) return;
  throw new NestworkError(
    'WORKER_TAKES_NO_ORDERS',
    `${beginning(worker)} is ${worker.state}: its children end, and none takes their place.`,
    'Start another worker: this one ends with its tasks.',
  );
}

/** @throws NestworkError UNKNOWN_WORKER */
function assertChild({ id, children }: WorkerReport, pid: number): void {
  if (children.some((child) => child.pid === pid)) return;
  const pids = children.map((child) => child.pid).join(', ');
  throw new NestworkError(
    'UNKNOWN_WORKER',
    `Worker ${shortId(id)} has no child ${pid}.`,
    pids === '' ? 'It has none at the moment.' : `Its children: ${pids}.`,
  );
}

function unknown(name: string, workers: readonly WorkerReport[]): NestworkError {
  return new NestworkError(
    'UNKNOWN_WORKER',
    `No worker whose lease runs has an id that begins with "${printable(name)}".`,
    workers.length > 0
      ? `There are: ${workers.map(({ id }) => shortId(id)).join(', ')}.`
      : 'List the workers: it may have ended, or lost its lease and gone on under another id.',
  );
}

function ambiguous(name: string, workers: readonly WorkerReport[]): NestworkError {
  return new NestworkError(
    'UNKNOWN_WORKER',
    `The ids of ${counted(workers.length, 'worker')} begin with "${printable(name)}".`,
    `Give more characters: ${workers.map(({ id }) => printable(id)).join(', ')}.`,
  );
}
