import type { ActionName, ActionPort } from '../broker/port/action-port.js';
import type { CronBroker, CronRecord, ProducerBroker } from '../broker/port/broker.js';
import type { CronSettingBroker } from '../broker/port/run-time-cron-port.js';
import type { LiveSessions, WorkerPort } from '../broker/port/worker-port.js';
import { cronDifference } from '../cron/cron-difference.js';
import { missedTimes } from '../cron/cron-history.js';
import { cronKey, cronMessage } from '../cron/cron-message.js';
import { NestworkError } from '../errors.js';
import { TaskIdSequence } from '../message/task-id.js';
import { type PayloadCodec, PLAIN_PAYLOADS } from '../payload/payload-codec.js';
import { undecodable } from '../payload/payload-errors.js';
import { type Clock, systemClock } from '../values/clock.js';
import { assertKnownOptions } from '../values/known-options.js';
import { assertWhole } from '../values/option-values.js';
import { printable } from '../values/printable.js';
import { shown } from '../values/shown.js';
import { type ActorOptions, assertActor } from './actor.js';
import { type CronHistoryEntry, type CronHistoryOptions, countIn, entryOf } from './cron-history.js';
import { type CronInfo, describeCron } from './cron-info.js';
import { type CronListOptions, listed } from './cron-list-options.js';
import { type CronSetOptions, cronOf } from './cron-set-options.js';
import { leftOf, missedUpTo, upcoming } from './cron-times.js';
import type { KnownQueues } from './queues/known-queues.js';
import { unknownOfBoth } from './unknown-cron.js';
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

/**
 * What became of a cron that was set.
 *
 * @example
 * const { outcome } = await crons.set('tenant-7.report', { cron: '0 8 * * *', task: queue.of(ReportTasks).send, args: [7, { weekly: true }] });
 * if (outcome === 'added') logger.log('It is new.');
 */
export interface CronSetReport {
  /** of the cron */
  readonly name: string;
  /** `unchanged` where it was the same before */
  readonly outcome: 'added' | 'changed' | 'unchanged';
}

/** More would be a calendar. */
const MOST_RUNS = 1_000;

type ManagerBroker = Pick<ProducerBroker, 'enqueue' | 'enqueueLimited' | 'enqueueUnique'> & {
  readonly crons: Pick<CronBroker, 'records' | 'declarers' | 'history' | 'survey' | 'pause' | 'resume'> & {
    readonly runTime: CronSettingBroker;
  };
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
    private readonly payloads: PayloadCodec = PLAIN_PAYLOADS,
  ) {}

  /**
   * The crons, by name: those that workers declare, and those that were set at run time. One that no worker declares any more is listed for
   * another day, with `declared: false`.
   *
   * @example
   * let page = await crons.list({ prefix: 'tenant-' });
   * while (page.length > 0) {
   *   for (const { name, nextRun } of page) logger.log(`${name}: ${nextRun}`);
   *   page = await crons.list({ prefix: 'tenant-', after: page.at(-1)?.name });
   * }
   *
   * @throws NestworkError INVALID_OPTION
   */
  async list(options: CronListOptions = {}): Promise<CronInfo[]> {
    const { prefix = '', after = '', count, set } = listed(options);
    const [declared, atRunTime] = await Promise.all([
      set === true ? [] : this.from(undefined),
      set === false ? [] : this.broker.crons.runTime.page({ prefix, count, ...(after !== '' && { after }) }),
    ]);
    const wanted = declared.filter(({ name }) => name > after && name.startsWith(prefix));
    const now = this.clock();
    return [...wanted, ...atRunTime.map((record) => this.described(record, now))].sort(byName).slice(0, count);
  }

  /** How many crons were set at run time. */
  async count(): Promise<number> {
    return this.broker.crons.runTime.count();
  }

  /**
   * Sets a cron at run time, or changes the one of its name. It lies in Redis: workers that have its task and serve its queue fire it, and
   * deployments do not forget it. Setting the same again changes nothing, so an app may set its crons whenever it starts. If its times
   * change it begins at the present, and counts the runs of its `limit` anew; its pause and its history stay. A cron that will not be due again, or whose
   * limit is reached, is removed a day after its last time.
   *
   * @param name as of a task; not like `Class.method`, which crons of code have
   * @example
   * await crons.set('tenant-7.report', {
   *   cron: '0 8 * * *',
   *   timeZone: 'Europe/Paris',
   *   task: queue.of(ReportTasks).send.with({ retries: 5 }),
   *   args: [7, { weekly: true }],
   * });
   *
   * @throws NestworkError INVALID_NAME, CRON_NAME_TAKEN, INVALID_CRON, INVALID_OPTION, INVALID_DURATION, NOT_A_TASK, TOO_MANY_CRONS; as `delay()`
   * does for arguments, and for a queue or limits that are unknown
   */
  async set<Args extends unknown[]>(name: string, options: CronSetOptions<Args>): Promise<CronSetReport> {
    const now = this.clock();
    const { cron, first } = await cronOf(name, options as unknown as CronSetOptions<never[]>, now);
    const { by } = options;
    assertActor(by);
    const outcome = await this.broker.crons.runTime.set(cron, { at: now, ...(by !== undefined && { by }) }, first);
    if (outcome === 'taken' || outcome === 'full') throw refusedName(name, outcome);
    // the code of an app sets as many as it has tenants
    if (by !== undefined && outcome !== 'unchanged') await this.recordAction('set-cron', name, { by });
    return { name, outcome };
  }

  /**
   * Removes a cron that was set at run time. Runs that were enqueued go on.
   *
   * @returns whether there was one
   * @throws NestworkError INVALID_OPTION, also for a cron that workers declare
   */
  async remove(name: string, options: ActorOptions = {}): Promise<boolean> {
    assertOptions(options, 'remove()');
    const removed = await this.broker.crons.runTime.remove(nameIn(name));
    if (removed && options.by !== undefined) await this.recordAction('remove-cron', name, options);
    if (!removed && (await this.broker.crons.records()).some((record) => record.name === name)) throw ofCode(name);
    return removed;
  }

  /**
   * The arguments of the runs of a cron. `get()` does not show them, because they may be secret.
   *
   * @throws NestworkError UNKNOWN_CRON; PAYLOAD_SEALED without the key with which they are sealed; UNDECODABLE_MESSAGE where others have written them
   */
  async argumentsOf(name: string): Promise<unknown[]> {
    return argumentsIn(await this.record(name), this.payloads);
  }

  /**
   * A cron and its arguments, of one moment: whether they may be seen hangs on its task, which may change.
   *
   * @throws NestworkError UNKNOWN_CRON
   * @internal
   */
  async withArguments(name: string): Promise<{ readonly cron: CronInfo; readonly args: () => unknown[] }> {
    const record = await this.record(name);
    return { cron: this.described(record), args: () => argumentsIn(record, this.payloads) };
  }

  /**
   * Those that workers declare, of sessions that were read a moment ago.
   *
   * @internal
   */
  async from(sessions: LiveSessions | undefined): Promise<CronInfo[]> {
    const records = await this.broker.crons.records(sessions);
    return records.map((record) => this.described(record)).sort(byName);
  }

  /** @throws NestworkError UNKNOWN_CRON */
  async get(name: string): Promise<CronInfo> {
    return this.described(await this.record(name));
  }

  /**
   * When a cron is due next by its schedule, as if it were neither paused nor disabled; empty when it never is again, and where this
   * process cannot compute it: then `get()` has the reason, as `unreadable`. Of an interval from the end of its last run the next one alone, as far
   * as it is known.
   *
   * @param count how many times, 1 to 1,000
   * @example
   * const [next, afterThat] = await crons.nextRuns('DigestTasks.digest', 2);
   *
   * @throws NestworkError UNKNOWN_CRON, INVALID_OPTION
   */
  async nextRuns(name: string, count = 10): Promise<Date[]> {
    assertWhole('count', count, MOST_RUNS);
    const { schedule, endedAt, ...record } = await this.record(name);
    return upcoming(name, schedule, { after: this.clock(), count: leftOf(record, count), endedAt });
  }

  /**
   * What became of the last times of a cron, the newest first: attempts that have ended, runs that were skipped, times that were
   * missed. Redis keeps the last 100.
   *
   * @example
   * for (const entry of await crons.history('DigestTasks.digest', { count: 5 })) {
   *   if (entry.kind === 'run') logger.log(`${entry.due.toISOString()}: ${entry.outcome}, ${entry.durationMs} ms`);
   *   else logger.warn(`${entry.due.toISOString()}: ${entry.kind}`);
   * }
   *
   * @throws NestworkError UNKNOWN_CRON, INVALID_OPTION
   */
  async history(name: string, options: CronHistoryOptions = {}): Promise<CronHistoryEntry[]> {
    const count = countIn(options);
    const { jitterMs = 0 } = (await this.record(name)).schedule;
    const happenings = await this.broker.crons.history(name, count);
    return happenings.map((happening) => entryOf(happening, jitterMs, this.payloads));
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
    return { cron: this.described(listed), declarers: declarers.sort(byPlace) };
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
    if (!(await this.broker.crons.pause(nameIn(name)))) {
      throw await this.unknown(name, await this.broker.crons.records());
    }
    await this.recordAction('pause-cron', name, options);
  }

  /**
   * Fires the cron again. Runs that came due during the pause are not made up for.
   *
   * @throws NestworkError UNKNOWN_CRON, INVALID_OPTION
   */
  async resume(name: string, options: ActorOptions = {}): Promise<void> {
    assertOptions(options, 'resume()');
    const missed = await this.missedInPause(name);
    if (!(await this.broker.crons.resume(name, missed))) {
      throw await this.unknown(name, await this.broker.crons.records());
    }
    await this.recordAction('resume-cron', name, options);
  }

  /** For the history. None of an expression of a newer version, and of a cron that is not paused or not known. */
  private async missedInPause(name: string): Promise<Parameters<CronBroker['resume']>[1]> {
    const { crons } = this.broker;
    const { paused, schedule, setting, limit, fires = 0 } = await this.record(name);
    if (!paused || leftOf({ limit, fires }, 1) === 0) return undefined;
    const { now, states } = await crons.survey([name]);
    const settled = setting ? await crons.runTime.settledUntil(name) : states.get(name)?.settledUntil;
    const missed = settled === undefined ? undefined : missedUpTo(name, schedule, { settled, until: now });
    return missed && { ...missedTimes(missed, schedule.jitterMs), settled: missed.settled };
  }

  private async enqueueRun(name: string): Promise<CronRunHandle> {
    const cron = await this.record(name);
    const { queue, start } = cron;
    await this.queues.choose(queue, `cron "${printable(name)}"`);
    const id = this.ids.next();
    const now = this.clock();
    const message = cronMessage(cron, { id, due: now, enqueuedAt: now });
    if (cronKey(cron) === undefined) {
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

  private described(record: CronRecord, now = this.clock()): CronInfo {
    return describeCron(record, now, this.payloads);
  }

  private async record(name: string, sessions?: LiveSessions): Promise<CronRecord> {
    const records = await this.broker.crons.records(sessions);
    const found =
      records.find((record) => record.name === name) ?? (await this.broker.crons.runTime.find(nameIn(name)));
    if (!found) throw await this.unknown(name, records);
    return found;
  }

  private async unknown(name: string, records: readonly CronRecord[]): Promise<NestworkError> {
    const declared = records.map((record) => record.name);
    return unknownOfBoth(nameIn(name), declared, this.broker.crons.runTime);
  }
}

function argumentsIn({ name, task = name, payload = '[]' }: CronRecord, payloads: PayloadCodec): unknown[] {
  try {
    return payloads.decode(JSON.parse(payload), task, `the cron "${printable(name)}"`, payload);
  } catch (error) {
    if (error instanceof NestworkError) throw error;
    throw undecodable(`The arguments of the cron "${printable(name)}" cannot be read.`, error);
  }
}

/** Of what is no text, as it may come from a request, a text that no cron has as its name, unless it looks the same. */
function nameIn(name: unknown): string {
  return typeof name === 'string' ? name : shown(name);
}

function byName(a: CronInfo, b: CronInfo): number {
  return a.name < b.name ? -1 : 1;
}

function ofCode(name: string): NestworkError {
  return new NestworkError(
    'INVALID_OPTION',
    `The cron "${printable(name)}" stands in the code of an app, and cannot be removed.`,
    [
      'Stop it with crons.pause(name), or remove its decorator: it is forgotten a day after the last worker that declares it.',
    ],
  );
}

function refusedName(name: string, why: 'taken' | 'full'): NestworkError {
  if (why === 'taken') {
    return new NestworkError(
      'CRON_NAME_TAKEN',
      `Workers declare a cron "${printable(name)}": crons.set() cannot change it.`,
      [
        'Give another name.',
        'If its decorator is gone, its record is forgotten a day after the last worker that declared it.',
      ],
    );
  }
  return new NestworkError(
    'TOO_MANY_CRONS',
    `crons.set("${printable(name)}") would be one cron too many: there are 1,000,000.`,
    [
      'Remove those that are no longer needed: crons.remove(name).',
      'One cron that sends many tasks with delayMany() may take the place of many.',
    ],
  );
}

function assertOptions(options: ActorOptions, where: string): void {
  assertKnownOptions(options, ['by'], `crons.${where}`);
  assertActor(options.by);
}
