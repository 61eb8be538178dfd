import type { AppBroker } from '../broker/port/broker.js';
import { PLAIN, type ResolvedPayload } from '../payload/payload-options.js';
import { type Clock, systemClock } from '../values/clock.js';
import { ActionLog } from './actions/action-log.js';
import { CronManager } from './cron-manager.js';
import { DeadLetters } from './dead-letters.js';
import { Doctor } from './doctor/doctor.js';
import type { DoctorCheck, DoctorOptions } from './doctor/doctor-report.js';
import { GroupInspector } from './groups/group-inspector.js';
import { LimitInspector } from './limits/limit-inspector.js';
import { MetricsReader } from './metrics/metrics-reader.js';
import { MinuteHistory } from './metrics/minute-history.js';
import { QueueHealth } from './queue-health.js';
import { KnownQueues } from './queues/known-queues.js';
import { QueueInspector } from './queues/queue-inspector.js';
import { QueuePauses } from './queues/queue-pauses.js';
import { StatusReader } from './status/status-reader.js';
import type { StatusOptions, StatusReport } from './status/status-report.js';
import { TaskInspector } from './tasks/task-inspector.js';
import { WorkerInspector } from './workers/worker-inspector.js';

/**
 * Looks at everything in a namespace and acts on it: the same for a script, the command line and an app. It needs no list of
 * queues, because workers write those that they serve into a catalog.
 *
 * Without Nest, `createInspector` makes one; in an app, inject it.
 *
 * @example
 * @Injectable()
 * class Backlog {
 *   constructor(private readonly inspector: Inspector) {}
 *
 *   async longest() {
 *     const queues = await this.inspector.queues.list();
 *     return queues.reduce((longest, queue) => (queue.pending > longest.pending ? queue : longest));
 *   }
 * }
 */
export class Inspector {
  /** the prefix of the keys that it looks at */
  readonly namespace: string;
  /** the queues: depth, age and workers of each; pause, resume */
  readonly queues: QueueInspector;
  /** the tasks in every state: list, explain, cancel, send, purge */
  readonly tasks: TaskInspector;
  /** the batches and flows: list, look into, cancel */
  readonly groups: GroupInspector;
  /** the limits: list, set for a time, reset */
  readonly limits: LimitInspector;
  /** the dead tasks: list, redrive, delete */
  readonly dead: DeadLetters;
  /** the workers with their children and active tasks: list, quiet, stop, recycle */
  readonly workers: WorkerInspector;
  /** the crons: list, run, pause, resume */
  readonly crons: CronManager;
  /** what people and programs did */
  readonly actions: ActionLog;
  /** the counts of tasks: by minute, with percentiles and the flow of queues */
  readonly metrics: MetricsReader;
  /** whether tasks are consumed in time */
  readonly health: QueueHealth;
  private readonly reader: StatusReader;

  private readonly examination: Doctor;
  /**
   * The same without the keys, for people who may not see what is sealed; itself where it has none.
   *
   * @internal
   */
  readonly keyless: Inspector;

  /** @internal */
  constructor(
    broker: AppBroker,
    clock: Clock = systemClock,
    private readonly disconnect: () => Promise<void> = async () => {},
    known: KnownQueues = KnownQueues.ofCatalog(broker.catalog),
    payload: ResolvedPayload = PLAIN,
  ) {
    const { codec } = payload;
    this.namespace = broker.namespace;
    this.keyless = codec.canSeal ? new Inspector(broker, clock, undefined, known) : this;
    this.dead = new DeadLetters(broker.deadLetters, known, broker.actions, codec);
    this.workers = new WorkerInspector(broker.workers, broker.actions);
    this.crons = new CronManager(broker, known, clock, codec);
    this.health = new QueueHealth(broker, known, clock);
    this.tasks = new TaskInspector(broker, known, this.dead, clock, payload);
    this.groups = new GroupInspector(broker, codec);
    this.limits = new LimitInspector(broker, known);
    const history = new MinuteHistory(broker.metrics);
    this.metrics = new MetricsReader(broker, known, history);
    this.examination = new Doctor(broker, known, clock);
    this.queues = new QueueInspector(this.health, known, new QueuePauses(broker.pauses), broker.actions);
    this.actions = new ActionLog(broker.actions, () => broker.places.now());
    this.reader = new StatusReader(broker, known, history, this);
  }

  /**
   * Whether all is well, in sentences, with the figures of queues, workers and crons and the throughput of the last hour. The load on Redis
   * depends on how many queues, workers and task names there are, and not on how many tasks wait: it sends about ten commands, and one more
   * for each further 100 queues and 25 workers. The first call reads the counts of the last hour, later ones the last minutes.
   *
   * @example
   * const { healthy, findings } = await inspector.status({ maxWait: '5m' });
   * if (!healthy) console.error(findings.map(({ text }) => text).join(' '));
   *
   * @throws NestworkError REDIS_UNAVAILABLE, REDIS_TIMEOUT, INVALID_OPTION, INVALID_DURATION, UNKNOWN_QUEUE
   */
  async status(options: StatusOptions = {}): Promise<StatusReport> {
    return this.reader.read(options);
  }

  /**
   * Checks the server, the keys, the workers and the queues of the namespace. Each check has a result, also one that may not
   * look; it changes nothing. Each finding has a stable code and a remedy.
   *
   * @example
   * for (const { check, findings } of await inspector.doctor()) {
   *   for (const { code, where, what, remedy } of findings) console.log(`${check} ${code} ${where}: ${what} ${remedy}`);
   * }
   *
   * @throws NestworkError REDIS_UNAVAILABLE, REDIS_TIMEOUT, INVALID_OPTION, INVALID_DURATION
   */
  async doctor(options: DoctorOptions = {}): Promise<readonly DoctorCheck[]> {
    return this.examination.examine(options);
  }

  /** Closes the connection that `createInspector` made. In an app it does nothing: the connection is closed with the app. */
  async close(): Promise<void> {
    await this.disconnect();
  }
}
