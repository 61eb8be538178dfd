import { type CronDeclaration, isCronDeclaration } from '../cron/cron-definition.js';
import { type CronLine, lineFor, lineOf, lineText } from '../cron/cron-line.js';
import { pairsOf } from '../values/pairs.js';
import { type CronFields, recordOf } from './cron-record.js';
import type { CronRecord } from './port/broker.js';
import type {
  CronLines,
  CronPageOptions,
  CronSetting,
  CronSettingBroker,
  FirstTime,
  LookedUpCron,
  RunTimeCronBroker,
  SetCron,
} from './port/run-time-cron-port.js';
import type { ForeignValues } from './redis/foreign-values.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { serverTime } from './redis/server-time.js';

/** About 1 GB of Redis. */
const MOST_CRONS = 1_000_000;
/** A worker that fires a line notes that once a minute. */
const OWNED_MS = 150_000;
/** In one call, of about a millisecond. */
const MOST_MOVED = 1_000;
const FIELDS = ['definition', 'version', 'set', 'paused', 'fired', 'skipped', 'missed', 'fires', 'run'] as const;

/** The crons of a namespace that were set at run time: no code declares them, and no deployment forgets them. */
export class RedisRunTimeCrons implements RunTimeCronBroker, CronSettingBroker {
  constructor(
    private readonly connection: RedisConnection,
    private readonly foreign: ForeignValues,
  ) {}

  async lines(): Promise<CronLines> {
    return this.connection.command(async (redis, keys) => {
      const [lines, now] = await Promise.all([
        redis.zrange(keys.cronLines(), '0', '-1', 'WITHSCORES'),
        serverTime(redis),
      ]);
      return { now, lines: pairsOf(lines).map(([line, lookAt]) => ({ ...lineOf(line), lookAt: Number(lookAt) })) };
    });
  }

  async due(line: CronLine, most: number): Promise<LookedUpCron[]> {
    const found = await this.connection.call('due-crons', { line: lineText(line), most });
    return found.map(([name, definition, version, until, paused, fires]) => ({
      name,
      cron: this.definitionOf(name, definition),
      plan: { version },
      settledUntil: Number(until),
      paused: paused === 1,
      fires,
    }));
  }

  own(lines: readonly CronLine[]): Promise<number[]> {
    return this.connection.command(async (redis, keys) => {
      const [now, marks] = await Promise.all([
        serverTime(redis),
        redis.hmget(keys.cronOwners(), ...lines.map(lineText)),
      ]);
      await redis.hset(keys.cronOwners(), ...lines.flatMap((line) => [lineText(line), String(now)]));
      return marks.map((mark) => Number(mark ?? 0));
    });
  }

  async lookAgain(line: CronLine, after: number): Promise<void> {
    let moved = MOST_MOVED;
    while (moved === MOST_MOVED) {
      moved = await this.connection.call('look-at-crons', { line: lineText(line), after, most: MOST_MOVED });
    }
  }

  async end(cron: CronDeclaration, version: string): Promise<void> {
    await this.connection.call('remove-cron', { cron: cron.name, version, line: lineText(lineFor(cron)) });
  }

  async set(cron: CronDeclaration, setting: CronSetting, first: FirstTime = { at: 0, after: 0 }): Promise<SetCron> {
    const definition = JSON.stringify(cron);
    const line = lineText(lineFor(cron));
    // each time that it fails, another caller has set it
    for (;;) {
      const before = (await this.fieldOf(cron.name, 'definition')) ?? '';
      if (before === definition) return 'unchanged';
      const former = before === '' ? undefined : this.definitionOf(cron.name, before);
      const reply = await this.connection.call('set-cron', {
        cron: cron.name,
        definition,
        before,
        anew: former && JSON.stringify(former.schedule) === JSON.stringify(cron.schedule) ? 0 : 1,
        formerLimit: former?.limit ?? '',
        limit: cron.limit ?? '',
        setBy: JSON.stringify(setting),
        ...{ most: MOST_CRONS, lookAt: first.at, after: first.after },
        former: former ? lineText(lineFor(former)) : line,
        line,
      });
      if (reply !== 0) return reply === 2 ? 'added' : reply === 1 ? 'changed' : reply === -1 ? 'taken' : 'full';
    }
  }

  async remove(name: string): Promise<boolean> {
    // each time that it fails, another caller has set it, perhaps into another line
    for (;;) {
      const [definition, version] = await this.connection.command((redis, keys) =>
        redis.hmget(keys.runTimeCrons(), `${name} definition`, `${name} version`),
      );
      if (definition == null) return false;
      const cron = this.definitionOf(name, definition);
      const line = cron ? lineText(lineFor(cron)) : '';
      const removed = await this.connection.call('remove-cron', { cron: name, version: version ?? '', line });
      if (removed === 1) return true;
      if (version == null) return false;
    }
  }

  async page({ after, prefix = '', count }: CronPageOptions): Promise<CronRecord[]> {
    let from = after !== undefined && after >= prefix ? `(${after}` : `[${prefix}`;
    const found: CronRecord[] = [];
    // records that cannot be read are no end of the list
    for (;;) {
      const most = count - found.length;
      const names = await this.connection.command((redis, keys) =>
        redis.zrangebylex(keys.cronNames(), from, prefix === '' ? '+' : `[${prefix}\xff`, 'LIMIT', '0', String(most)),
      );
      found.push(...(await this.recordsOf(names)));
      if (names.length < most || found.length === count) return found;
      from = `(${names.at(-1)}`;
    }
  }

  async find(name: string): Promise<CronRecord | undefined> {
    return (await this.recordsOf([name]))[0];
  }

  count(): Promise<number> {
    return this.connection.command((redis, keys) => redis.zcard(keys.cronNames()));
  }

  private async recordsOf(names: readonly string[]): Promise<CronRecord[]> {
    if (names.length === 0) return [];
    const fields = names.flatMap((name) => FIELDS.map((field) => `${name} ${field}`));
    const [values, owners, now] = await this.connection.command((redis, keys) =>
      Promise.all([redis.hmget(keys.runTimeCrons(), ...fields), redis.hgetall(keys.cronOwners()), serverTime(redis)]),
    );
    return names.flatMap((name, at) => {
      const own = values.slice(at * FIELDS.length, (at + 1) * FIELDS.length);
      const its = Object.fromEntries(
        FIELDS.flatMap((field, index) => (own[index] == null ? [] : [[field, own[index]]])),
      ) as CronFields;
      if (its.definition === undefined) return []; // unknown, or removed meanwhile
      const place = (field: string): string => this.place(name, field);
      const record = recordOf(name, its, this.foreign, place);
      if (!record) return [];
      const seen = Number(owners[lineText(lineFor(record))] ?? 0);
      const setting = this.foreign.json(place('set'), its.set, isSetting);
      return [{ ...record, disabled: false, declared: now - seen < OWNED_MS, ...(setting && { setting }) }];
    });
  }

  async settledUntil(name: string): Promise<number | undefined> {
    return this.foreign.whole(this.place(name, 'until'), await this.fieldOf(name, 'until'));
  }

  private async fieldOf(name: string, field: string): Promise<string | undefined> {
    const value = await this.connection.command((redis, keys) => redis.hget(keys.runTimeCrons(), `${name} ${field}`));
    return value ?? undefined;
  }

  private definitionOf(name: string, text: string): CronDeclaration | undefined {
    return this.foreign.json(this.place(name, 'definition'), text, isCronDeclaration);
  }

  /** Where the hash has a field, for a warning. */
  private place(name: string, field: string): string {
    return `The field "${name} ${field}" of ${this.connection.keys.runTimeCrons()}`;
  }
}

function isSetting(value: unknown): value is CronSetting {
  if (typeof value !== 'object' || value === null) return false;
  const { at, by } = value as Partial<CronSetting>;
  return Number.isSafeInteger(at) && (by === undefined || typeof by === 'string');
}
