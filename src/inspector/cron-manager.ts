import type { ActionName, ActionPort } from '../broker/port/action-port.js';
import type { CronBroker, CronRecord, ProducerBroker } from '../broker/port/broker.js';
import type { LiveSessions, WorkerPort } from '../broker/port/worker-port.js';
import { cronDifference } from '../cron/cron-difference.js';
import { NestworkError } from '../errors.js';
import { callTags } from '../message/call-tags.js';
import { TaskIdSequence } from '../message/task-id.js';
import { encodeMessage } from '../message/task-message.js';
import { encodeUnique } from '../message/unique-key.js';
import { isKeepTime } from '../policy/result-time.js';
import { type Clock, systemClock } from '../values/clock.js';
import { didYouMean } from '../values/did-you-mean.js';
import { assertKnownOptions } from '../values/known-options.js';
import { assertWhole } from '../values/option-values.js';
import { printable } from '../values/printable.js';
import { type ActorOptions, assertActor } from './actor.js';
import { type CronInfo, describeCron } from './cron-info.js';
import { upcoming } from './cron-times.js';
import type { KnownQueues } from './queues/known-queues.js';
import { byPlace } from './workers/worker-place.js';

/**
 * A run that `runNow` asked for.
 *
 * @example
 * const { id, added } = await crons.runNow('DigestTasks.digest');
 * if (!added) logger.log(`${id} is under way`);
 */
export interface CronRunHandle {
  /** id of the task */
  readonly id: string;
  /** name of the cron */
  readonly name: string;
  /** the queue that it went to */
  readonly queue: string;
  /** false when the cron skips overlaps and an earlier run waits or is under way: that is the one named here */
  readonly added: boolean;
}

/**
 * A worker that declares a cron.
 *
 * @example
 * const text = ({ host, pid, differs }: CronDeclarer) => `${host} ${pid}: ${differs ?? 'as listed'}`;
 */
export interface CronDeclarer {
  /** id of the worker */
  readonly worker: string;
  /** name of its machine */
  readonly host: string;
  /** of its supervisor */
  readonly pid: number;
  /** whether it fires the cron; false where its app disables it */
  readonly fires: boolean;
  /** the first setting in which it differs from the cron as it is listed, in words; each worker fires a cron as it declares it */
  readonly differs: string | undefined;
}

/** More would be a calendar. */
const MOST_RUNS = 1_000;

type ManagerBroker = Pick<ProducerBroker, 'enqueue' | 'enqueueLimited' | 'enqueueUnique'> & {
  readonly crons: Pick<CronBroker, 'records' | 'declarers' | 'pause' | 'resume'>;
  readonly actions: Pick<ActionPort, 'record'>;
  readonly workers: Pick<WorkerPort, 'sessions'>;
};

/**
 * The crons that the workers of the namespace declare, their own app's or not. Inject it anywhere.
 *
 * @example
 * @Injectable()
 * class Maintenance {
 *   constructor(private readonly crons: CronManager) {}
 *
 *   async begin() {
 *     await this.crons.pause('ReportTasks.digest');
 *   }
 * }
 */
export class CronManager {
  private readonly ids = new TaskIdSequence();

  /** @internal */
  constructor(
    private readonly broker: ManagerBroker,
    private readonly queues: KnownQueues,
    private readonly clock: Clock = systemClock,
  ) {}

  /** All crons, by name. One that no worker declares any more is listed for another day, with `declared: false`. */
  async list(): Promise<CronInfo[]> {
    return this.from(undefined);
  }

  /**
   * Those of sessions that were read a moment ago.
   *
   * @internal
   */
  async from(sessions: LiveSessions | undefined): Promise<CronInfo[]> {
    const records = await this.broker.crons.records(sessions);
    return records.map((record) => describeCron(record, this.clock())).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws NestworkError UNKNOWN_CRON */
  async get(name: string): Promise<CronInfo> {
    return describeCron(await this.record(name), this.clock());
  }

  /**
   * When a cron is due next by its schedule, as if it were neither paused nor disabled; empty when it never is again, and for an
   * expression of a newer version.
   *
   * @param count how many times, 1 to 1,000
   * @example
   * const [next, afterThat] = await crons.nextRuns('DigestTasks.digest', 2);
   *
   * @throws NestworkError UNKNOWN_CRON, INVALID_OPTION
   */
  async nextRuns(name: string, count = 10): Promise<Date[]> {
    assertWhole('count', count, MOST_RUNS);
    const { schedule } = await this.record(name);
    return upcoming(name, schedule, { after: this.clock(), count });
  }

  /**
   * The workers that declare a cron now, by host and pid, and whether they declare it differently.
   *
   * @example
   * const differing = (await crons.declarers('DigestTasks.digest')).filter(({ differs }) => differs !== undefined);
   *
   * @throws NestworkError UNKNOWN_CRON
   */
  async declarers(name: string): Promise<CronDeclarer[]> {
    return (await this.declared(name, undefined)).declarers;
  }

  /**
   * A cron and the workers that declare it, of one moment. It needs the rights of those who look at workers.
   *
   * @throws NestworkError UNKNOWN_CRON
   * @internal
   */
  async withDeclarers(name: string): Promise<{ readonly cron: CronInfo; readonly declarers: CronDeclarer[] }> {
    return this.declared(name, await this.broker.workers.sessions());
  }

  private async declared(name: string, live: LiveSessions | undefined): ReturnType<CronManager['withDeclarers']> {
    const [listed, sessions] = await Promise.all([this.record(name, live), this.broker.crons.declarers(name, live)]);
    const declarers = sessions.map(({ session, host, pid, fires, cron }) => {
      const difference = cron && cronDifference(listed, cron);
      return { worker: session, host, pid, fires, differs: difference?.[1] };
    });
    return { cron: describeCron(listed, this.clock()), declarers: declarers.sort(byPlace) };
  }

  /**
   * Enqueues a run, also of a cron that is paused or disabled. Its `cronTime` is the time of this call.
   *
   * @throws NestworkError UNKNOWN_CRON; INVALID_OPTION; UNKNOWN_QUEUE when this app does not declare its queue; the errors of `delay()`
   */
  async runNow(name: string, options: ActorOptions = {}): Promise<CronRunHandle> {
    assertOptions(options, 'runNow()');
    const run = await this.enqueueRun(name);
    if (run.added) await this.recordAction('run-cron', name, options);
    return run;
  }

  /**
   * Stops the cron in the whole cluster and over restarts, until it is resumed. Runs under way go on.
   *
   * @throws NestworkError UNKNOWN_CRON, INVALID_OPTION
   */
  async pause(name: string, options: ActorOptions = {}): Promise<void> {
    assertOptions(options, 'pause()');
    if (!(await this.broker.crons.pause(name))) this.refuse(name, await this.broker.crons.records());
    await this.recordAction('pause-cron', name, options);
  }

  /**
   * Fires the cron again. Runs that came due during the pause are not made up for.
   *
   * @throws NestworkError UNKNOWN_CRON, INVALID_OPTION
   */
  async resume(name: string, options: ActorOptions = {}): Promise<void> {
    assertOptions(options, 'resume()');
    if (!(await this.broker.crons.resume(name))) this.refuse(name, await this.broker.crons.records());
    await this.recordAction('resume-cron', name, options);
  }

  private async enqueueRun(name: string): Promise<CronRunHandle> {
    const { task = name, payload = '[]', queue, overlap, result, start } = await this.record(name);
    await this.queues.choose(queue, `cron "${printable(String(name))}"`);
    const id = this.ids.next();
    const now = this.clock();
    const run = { id, name: task, payload, enqueuedAt: now, options: { cron: name, due: now } };
    // anybody may have written it
    const kept = isKeepTime(result) ? { seconds: result } : {};
    const unique = overlap === 'allow' ? undefined : encodeUnique(name, 'cron', 'finished');
    const message = encodeMessage({ ...run, tags: callTags(unique, kept, undefined, start?.tags) });
    if (unique === undefined) {
      if (start) await this.broker.enqueueLimited(queue, [message], { labels: start.labels });
      else await this.broker.enqueue(queue, [message]);
      return { id, name, queue, added: true };
    }
    const labels = start && { labels: start.labels };
    const holder = await this.broker.enqueueUnique(queue, message, { due: undefined, replace: false, ...labels });
    return { id: holder.id, name, queue: holder.queue, added: holder.id === id };
  }

  private async recordAction(action: ActionName, subject: string, { by }: ActorOptions): Promise<void> {
    await this.broker.actions.record({ action, subject, count: 1, by });
  }

  private async record(name: string, sessions?: LiveSessions): Promise<CronRecord> {
    const records = await this.broker.crons.records(sessions);
    return records.find((record) => record.name === name) ?? this.refuse(name, records);
  }

  private refuse(name: string, records: readonly CronRecord[]): never {
    throw unknownCron(
      String(name),
      `No worker of this namespace has declared a cron "${printable(String(name))}".`,
      records.map((record) => record.name),
      'Start a worker: it makes its crons known.',
    );
  }
}

function assertOptions(options: ActorOptions, where: string): void {
  assertKnownOptions(options, ['by'], `crons.${where}`);
  assertActor(options.by);
}

/** @param otherwise the remedy where no cron is known */
export function unknownCron(name: string, what: string, known: readonly string[], otherwise: string): NestworkError {
  const names = known.map((name) => printable(name)).sort();
  const meant = didYouMean(name, known);
  return new NestworkError('UNKNOWN_CRON', what, [
    ...(meant === undefined ? [] : [`Did you mean ${printable(meant)}?`]),
    names.length > 0 ? `Known crons: ${names.join(', ')}.` : otherwise,
    'Its name is `Class.method` unless the decorator gives another.',
  ]);
}
