import { type CronDeclaration, type CronDefinition, isCronDefinition } from '../task/cron-definition.js';
import type { Claimant, CronBroker, CronRecord, CronRun, CronState, CronSurvey, DueRun, Firing } from './broker.js';
import type { RedisConnection } from './redis-connection.js';
import type { RedisKeys } from './redis-keys.js';
import { listedByLiveSessions } from './session-lists.js';

/** The field of a session's hash that names the crons of its app. */
export const DECLARED_CRONS = '@crons';

/** What the hash of the crons holds of each, under `<cron> <field>`. */
type Fields = Partial<
  Record<'definition' | 'schedule' | 'until' | 'fired' | 'paused' | 'skipped' | 'run' | 'orphan', string>
>;

/** The crons of a namespace: when each was last settled, whether it is paused, how its last run ended. */
export class RedisCrons implements CronBroker {
  constructor(
    private readonly connection: RedisConnection,
    private readonly keys: RedisKeys,
  ) {}

  /** Without a script: what it tells is checked again by the scripts that act on it. */
  survey(names: readonly string[]): Promise<CronSurvey> {
    const fields = names.flatMap((name) => [`${name} until`, `${name} paused`]);
    return this.connection.command(async (redis) => {
      const [values, [seconds, micros]] = await Promise.all([
        fields.length > 0 ? redis.hmget(this.keys.crons(), ...fields) : [],
        redis.time(),
      ]);
      const states = names.flatMap((name, index): [string, CronState][] => {
        const [until, paused] = values.slice(2 * index);
        return until ? [[name, { settledUntil: Number(until), paused: paused !== null }]] : [];
      });
      return { now: Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000), states: new Map(states) };
    });
  }

  async declare(crons: readonly CronDeclaration[], toleranceMs: number): Promise<void> {
    if (crons.length === 0) return;
    const entries = crons.flatMap((cron) => [cron.name, JSON.stringify(cron.schedule), JSON.stringify(cron)]);
    await this.connection.call('declare-crons', [this.keys.crons()], [toleranceMs, ...entries]);
  }

  async fire({ name, queue }: Pick<CronDeclaration, 'name' | 'queue'>, runs: readonly DueRun[]): Promise<Firing> {
    const keys = [this.keys.crons(), this.keys.queue(queue), this.keys.bell(queue), this.keys.unique()];
    const args = [name, queue, ...runs.flatMap(({ due, message }) => [due, message])];
    const [fired, skipped] = (await this.connection.call('fire-cron', keys, args)) as [number, number];
    return { known: fired >= 0, fired: Math.max(fired, 0), skipped };
  }

  async forget(afterMs: number): Promise<number> {
    const sessions = await this.connection.command((redis) => redis.zrange(this.keys.sessions(), '0', '-1'));
    const keys = [this.keys.crons(), this.keys.sessions(), ...sessions.map((session) => this.keys.session(session))];
    return Math.max((await this.connection.call('forget-crons', keys, [afterMs, ...sessions])) as number, 0);
  }

  async recordRun({ session, child }: Claimant, name: string, run: CronRun): Promise<void> {
    const keys = [this.keys.session(session), this.keys.crons()];
    await this.connection.call('record-cron-run', keys, [child, name, JSON.stringify(run)]);
  }

  async pause(name: string): Promise<boolean> {
    return (await this.connection.call('pause-cron', [this.keys.crons()], [name])) === 1;
  }

  async resume(name: string): Promise<boolean> {
    return (await this.connection.call('resume-cron', [this.keys.crons()], [name])) === 1;
  }

  async records(): Promise<CronRecord[]> {
    const [hash, declared] = await Promise.all([
      this.connection.command((redis) => redis.hgetall(this.keys.crons())),
      listedByLiveSessions(this.connection, this.keys, DECLARED_CRONS),
    ]);
    const byName = new Map<string, Fields>();
    for (const [field, value] of Object.entries(hash)) {
      const [name = '', what = ''] = field.split(' ');
      byName.set(name, { ...byName.get(name), [what]: value });
    }
    return [...byName].flatMap(([name, fields]) => toRecord(name, fields, declared.has(name)));
  }
}

/** Left out is what a version that is newer than this one, or somebody else, has written. */
function toRecord(name: string, fields: Fields, declared: boolean): CronRecord[] {
  const definition = parse(fields.definition);
  if (!isDeclaration(definition)) return [];
  const run = parse(fields.run);
  return [
    {
      ...definition,
      name,
      declared,
      paused: fields.paused !== undefined,
      firedAt: fields.fired === undefined ? undefined : Number(fields.fired),
      skipped: Number(fields.skipped ?? 0),
      lastRun: typeof run === 'object' && run !== null ? (run as CronRun) : undefined,
    },
  ];
}

function isDeclaration(value: unknown): value is CronDefinition & { readonly queue: string } {
  return isCronDefinition(value) && 'queue' in value && typeof value.queue === 'string';
}

function parse(json: string | undefined): unknown {
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    return undefined;
  }
}
