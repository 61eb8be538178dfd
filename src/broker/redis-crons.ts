import type { CronDeclaration } from '../cron/cron-definition.js';
import {
  type CronHappening,
  decodeHappening,
  encodeEndedRun,
  encodeMissed,
  type MissedTimes,
  MOST_HAPPENINGS,
  MOST_OF_RUN_TIME_CRON,
  missedTimes,
} from '../cron/cron-history.js';
import { type CronLine, lineText } from '../cron/cron-line.js';
import type { MissedInstants } from '../cron/missed-instants.js';
import { digestOf } from '../message/unique-key.js';
import { type CronFields, recordOf, runIn } from './cron-record.js';
import type {
  Claimant,
  CronBroker,
  CronDetailOf,
  CronRecord,
  CronRun,
  CronState,
  CronSurvey,
  DeclaringSession,
  Firing,
  FiringCron,
} from './port/broker.js';
import type { LiveSessions } from './port/worker-port.js';
import type { ForeignValues } from './redis/foreign-values.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { serverTime } from './redis/server-time.js';
import { RedisRunTimeCrons } from './redis-run-time-crons.js';
import { readDeclarers, readSessionCrons, type SessionCrons } from './session-crons.js';
import { fieldsOfLiveSessions, queuesIn, SERVED_QUEUES } from './session-lists.js';

/** Behind the name of a cron, the field with the time since when no session declares it. */
const ORPHAN = ' orphan';
/** So many entries of histories are kept. */
const KEEP = { keep: MOST_HAPPENINGS, keepRunTime: MOST_OF_RUN_TIME_CRON };

/** The crons of a namespace: when each was last settled, whether it is paused, how its last run ended. */
export class RedisCrons implements CronBroker {
  readonly runTime: RedisRunTimeCrons;

  constructor(
    private readonly connection: RedisConnection,
    private readonly foreign: ForeignValues,
  ) {
    this.runTime = new RedisRunTimeCrons(connection, foreign);
  }

  /** Without a script: the scripts that act on its answer check it again. */
  survey(names: readonly string[], details: readonly CronDetailOf[] = []): Promise<CronSurvey> {
    const fields = names.flatMap((name) => [`${name} until`, `${name} paused`]);
    const more = details.map(([name, detail]) => `${name} ${detail}`);
    const mayBeHeld = details.flatMap(([name, detail]) => (detail === 'ended' ? [name] : []));
    return this.connection.command(async (redis, keys) => {
      const [values, holders, now] = await Promise.all([
        fields.length > 0 ? redis.hmget(keys.crons(), ...fields, ...more) : [],
        mayBeHeld.length > 0 ? redis.hmget(keys.unique(), ...mayBeHeld.map(keyOf)) : [],
        serverTime(redis),
      ]);
      const states = new Map<string, CronState>();
      for (const [index, name] of names.entries()) {
        const settledUntil = this.foreign.whole(this.place(name, 'until'), values[2 * index]);
        if (settledUntil !== undefined) states.set(name, { settledUntil, paused: values[2 * index + 1] !== null });
      }
      for (const [index, [name, detail]] of details.entries()) {
        const state = states.get(name);
        const value = this.foreign.whole(this.place(name, detail), values[fields.length + index]);
        if (state) states.set(name, { ...state, [detail]: value });
      }
      for (const [index, name] of mayBeHeld.entries()) {
        const state = states.get(name);
        if (state) states.set(name, { ...state, heldIn: holders[index]?.split(' ')[0] });
      }
      return { now, states };
    });
  }

  async declare(crons: readonly CronDeclaration[], toleranceMs: number): Promise<void> {
    if (crons.length === 0) return;
    const entries = crons.flatMap((cron) => [
      ...[cron.name, JSON.stringify(cron.schedule), JSON.stringify(cron)],
      releaseOf(cron),
    ]);
    await this.connection.call('declare-crons', { toleranceMs, entries });
  }

  async fire(queue: string, crons: readonly FiringCron[], line?: CronLine): Promise<Firing[]> {
    if (crons.length === 0) return [];
    const replies = await this.connection.call('fire-crons', {
      queue,
      line: line ? lineText(line) : '',
      firing: crons.map(({ name }) => name),
      keep: line ? MOST_OF_RUN_TIME_CRON : MOST_HAPPENINGS,
      labels: crons.flatMap(({ start }) => start?.labels ?? []),
      entries: crons.flatMap(entryOf),
    });
    return replies.map(([fired, skipped, heldIn, run, exhausted], at) => ({
      known: fired >= 0,
      fired: Math.max(fired, 0),
      skipped,
      lastRun: this.lastRunOf(crons[at]?.name ?? '', run),
      ...(heldIn !== '' && { heldIn }),
      ...(exhausted === 1 && { exhausted: true }),
    }));
  }

  async noteEnds(names: readonly string[], toleranceMs: number): Promise<number> {
    const entries = names.flatMap((name) => [name, keyOf(name)]);
    return this.connection.call('note-cron-ends', { toleranceMs, entries });
  }

  async moveRun({ name, queue }: Pick<CronDeclaration, 'name' | 'queue'>, from: string): Promise<boolean> {
    const sessions = await fieldsOfLiveSessions(this.connection, [SERVED_QUEUES]);
    if (sessions.some(([queues]) => queuesIn(queues).includes(from))) return false;
    return (await this.connection.call('move-cron-run', { digest: keyOf(name), from, to: queue })) === 1;
  }

  async forget(afterMs: number): Promise<number> {
    const [known, fields] = await this.connection.command((redis, keys) =>
      Promise.all([redis.zrange(keys.sessions(), '0', '-1'), redis.hkeys(keys.crons())]),
    );
    const orphans = fields.flatMap((field) => (field.endsWith(ORPHAN) ? [field.slice(0, -ORPHAN.length)] : []));
    return Math.max(await this.connection.call('forget-crons', { known, orphans, afterMs }), 0);
  }

  async recordRun({ session, child }: Claimant, name: string, run: CronRun): Promise<void> {
    const line = encodeEndedRun({ ...run, due: run.due ?? run.startedAt });
    const isFinal = run.outcome === 'failed' ? 0 : 1;
    const input = { sessionId: session, child, cron: name, run: JSON.stringify(run), line, isFinal, ...KEEP };
    await this.connection.call('record-cron-run', input);
  }

  async history(name: string, count: number): Promise<CronHappening[]> {
    const lines = await this.connection.command((redis, keys) => redis.lrange(keys.cronRuns(name), 0, count - 1));
    return lines.flatMap((line) => {
      const happening = decodeHappening(line);
      if (!happening) this.foreign.found(`An entry of ${this.connection.keys.cronRuns(name)}`, line);
      return happening ?? [];
    });
  }

  async pause(name: string): Promise<boolean> {
    return (await this.connection.call('pause-cron', { cron: name })) === 1;
  }

  async resume(name: string, missed?: MissedTimes & Pick<MissedInstants, 'settled'>): Promise<boolean> {
    const noted = {
      settled: missed?.settled ?? '',
      count: missed?.count ?? 0,
      line: missed ? encodeMissed(missed) : '',
    };
    return (await this.connection.call('resume-cron', { cron: name, ...noted, ...KEEP })) === 1;
  }

  async records(live?: LiveSessions): Promise<CronRecord[]> {
    const [hash, sessions] = await Promise.all([
      this.connection.command((redis, keys) => redis.hgetall(keys.crons())),
      readSessionCrons(this.connection, live),
    ]);
    const byName = new Map<string, CronFields>();
    for (const [field, value] of Object.entries(hash)) {
      const [name = '', what = ''] = field.split(' ');
      byName.set(name, { ...byName.get(name), [what]: value });
    }
    return [...byName].flatMap(([name, fields]) => this.toRecord(name, fields, sessions));
  }

  declarers(name: string, live?: LiveSessions): Promise<DeclaringSession[]> {
    return readDeclarers(this.connection, name, live);
  }

  /** Leaves out fields of a newer version, and those that others have written. */
  private toRecord(name: string, fields: CronFields, sessions: readonly SessionCrons[]): CronRecord[] {
    const record = recordOf(name, fields, this.foreign, (field) => this.place(name, field));
    if (!record) return [];
    const declaring = sessions.filter(({ declared }) => declared.includes(name));
    // an older worker does not list what it fires: then the definition counts, which it or another has written
    const fires = ({ listsFires, crons }: SessionCrons): boolean =>
      listsFires ? crons.some((cron) => cron.name === name) : !record.disabled;
    return [
      {
        ...record,
        disabled: declaring.length > 0 ? !declaring.some(fires) : record.disabled,
        declared: declaring.length > 0,
      },
    ];
  }

  private lastRunOf(name: string, json: string): CronRun | undefined {
    return runIn(json || undefined, this.foreign, this.place(name, 'run'));
  }

  /** Where the hash has a field, for a warning. */
  private place(name: string, field: keyof CronFields): string {
    return `The field "${name} ${field}" of ${this.connection.keys.crons()}`;
  }
}

/** The digest of the key that the runs of a cron have if they may not overlap. */
function keyOf(name: string): string {
  return digestOf(name, 'cron');
}

/** As `fire-crons` takes it. */
/** As `declare-crons` takes it. */
function releaseOf({ atRelease }: CronDeclaration): string {
  return atRelease ? `${atRelease.delayMs} ${atRelease.runs ? 1 : 0} ${atRelease.release}` : '';
}

function entryOf({ runs, plan, jitterMs = 0, missed, limit, immediate }: FiringCron): (string | number)[] {
  const { settled, last, count } = missed ?? { settled: 0, last: 0, count: 0 };
  const line = missed ? encodeMissed(missedTimes(missed, jitterMs)) : '';
  const planned = plan ? `${plan.version} ${plan.lookAt}` : '';
  const flat = runs.flatMap(({ due, message }) => [due, message]);
  return [runs.length, planned, jitterMs, line, settled, last, count, limit ?? '', immediate ?? '', ...flat];
}
