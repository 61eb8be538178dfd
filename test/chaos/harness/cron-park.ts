import { type CronDeclaration, isCronDeclaration } from '../../../dist/cron/cron-definition.js';
import { instantsOf } from '../../../dist/cron/cron-schedule.js';
import type { Arena } from './arena.js';
import { applyChange, type CronChange, type CronSpec, declaredIn } from './cron-changes.js';
import { CronDuties, type Span } from './cron-duties.js';
import type { Random } from './random.js';

const TAG = '{nestwork}:';
const DECLARED = `${TAG}crons`;
const SET = `${TAG}run-time-crons`;
/** How the names of those begin that stand in code. */
const OF_CODE = 'declared-';
const AT_ONCE = 50;
const SECOND = 1_000;
/** How the names of those end that leave out overlaps. They are not removed, so that they count all that they leave out. */
export const OVERLAPPING = /-slow$/;

/** Of a cron that is up to date: between a look at it and one at the clock. */
const AHEAD_MS = SECOND;

/** All crons of a scenario: it sets, changes, removes, pauses and resumes them, and keeps the log of that. */
export class CronPark {
  readonly duties = new CronDuties();
  changes = 0;
  private readonly specs = new Map<string, CronSpec>();
  private readonly paused = new Set<string>();
  private named = 0;
  private versions = 0;

  constructor(
    private readonly arena: Arena,
    private readonly random: Random,
  ) {}

  /** Sets the first crons. */
  async fill(count: number): Promise<void> {
    while (this.named < count) {
      const names = Array.from({ length: Math.min(AT_ONCE, count - this.named) }, () => this.newName());
      await Promise.all(names.map((name) => this.set(name, this.spec(name))));
    }
  }

  /** Does something to so many crons, one after the other. */
  async change(count: number): Promise<void> {
    for (let change = 0; change < count; change += 1) {
      const name = this.random.pick([...this.specs.keys()]);
      const resumed = [...this.paused];
      const dice = this.random.between(0, 9);
      if (dice === 0) await this.add();
      else if (dice === 1) await this.remove(name);
      else if (dice === 2) await this.replace(name);
      else if (dice === 3 && resumed.length > 0) await this.resume(this.random.pick(resumed));
      else if (dice <= 5) await this.pause(name);
      else if (dice === 6) await this.reword(name);
      else await this.set(name, this.spec(name));
    }
    for (const name of [...this.paused].slice(5)) await this.resume(name);
  }

  /** Changes that the app of a deployment makes when it starts. */
  planned(count: number): CronChange[] {
    const some = new Set(Array.from({ length: count }, () => this.random.pick([...this.specs.keys()])));
    const changes = [...some]
      .filter((name) => !this.paused.has(name))
      .map((name): CronChange => {
        const remove = !OVERLAPPING.test(name) && this.random.chance(0.3);
        return remove ? { name } : { name, spec: this.spec(name) };
      });
    const added = Array.from({ length: Math.ceil(count / 4) }, () => this.newName());
    return [...changes, ...added.map((name) => ({ name, spec: this.spec(name) }))];
  }

  /** Notes what came of such changes. */
  async changed(changes: readonly CronChange[], settled: ReadonlyMap<string, number>, span: Span): Promise<void> {
    for (const change of changes) await this.note(change, settled.get(change.name) ?? 0, span);
  }

  /** Notes the crons of the code of a deployment. */
  async declared(deployment: number, settled: ReadonlyMap<string, number>, span: Span): Promise<void> {
    const crons = new Map<string, CronDeclaration>();
    for (const { name } of declaredIn(deployment)) crons.set(name, await this.definition(DECLARED, name));
    for (const name of this.duties.names.filter((one) => one.startsWith(OF_CODE) && !crons.has(one))) {
      this.duties.end(name, settled.get(name) ?? 0, span[1]);
    }
    for (const cron of crons.values()) {
      const version = `d${deployment}`;
      if (this.duties.of(cron.name)) this.replaced(cron, version, settled.get(cron.name) ?? 0, span);
      else this.duties.begin(cron, version, this.backSince(cron, settled.get(cron.name), span));
    }
  }

  /** One that was gone for a while is one that nobody could fire meanwhile: it makes up for its times, unless it is another one now. */
  private backSince({ name, schedule, missed }: CronDeclaration, settled: number | undefined, span: Span): Span {
    const former = this.duties.all.findLast(({ cron }) => cron.name === name);
    const isSame = former?.era === this.duties.era && JSON.stringify(former.cron.schedule) === JSON.stringify(schedule);
    return isSame && settled !== undefined ? [settled, missed === 'all' ? settled : span[1]] : span;
  }

  /**
   * Up to when the times of each cron have been dealt with.
   *
   * @param deployment its crons, too, which may have been there before
   */
  async settled(deployment?: number): Promise<Map<string, number>> {
    const coming = deployment === undefined ? [] : declaredIn(deployment).map(({ name }) => name);
    return new Map([...(await this.settledIn(DECLARED, coming)), ...(await this.settledIn(SET))]);
  }

  /** How many runs each cron has left out because an earlier one was there. */
  async skipped(): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const [field, count] of Object.entries(await this.arena.redis.hgetall(SET))) {
      const [name = '', what] = field.split(' ');
      if (what === 'skipped') counts.set(name, Number(count));
    }
    return counts;
  }

  /** Whether no cron waits for a time that lies far ahead, because the clock was set back. */
  async fitsTheClock(): Promise<boolean> {
    const settled = await this.settled();
    const now = await this.arena.clock.now();
    return this.duties.names.every((name) => (settled.get(name) ?? 0) <= now + AHEAD_MS) && this.isUpToDate();
  }

  /** Whether all that was due at a time, by default now, has been fired. */
  async isUpToDate(time?: number): Promise<boolean> {
    const { redis, clock } = this.arena;
    const at = time ?? (await clock.now()) - SECOND;
    for (const key of await redis.keys(`${TAG}cron-times:*`)) {
      const [, first] = await redis.zrange(key, '0', '0', 'WITHSCORES');
      if (first !== undefined && Number(first) <= at) return false;
    }
    const settled = await this.settledIn(DECLARED);
    return this.duties.names
      .filter((name) => settled.has(name))
      .every((name) => {
        const cron = this.duties.of(name)?.cron;
        return !cron || (instantsOf(cron.schedule, name).next(settled.get(name) ?? 0) ?? at + 1) > at;
      });
  }

  /** Pauses all, so that nothing more is fired. */
  async stop(until: number): Promise<void> {
    for (const name of this.duties.names) await this.arena.producer.manage((crons) => crons.pause(name));
    const last = await this.arena.clock.now();
    for (const name of this.duties.names) this.duties.end(name, until, last);
  }

  private async settledIn(hash: string, others: readonly string[] = []): Promise<Map<string, number>> {
    const open = this.duties.names.filter((name) => name.startsWith(OF_CODE) === (hash === DECLARED));
    const names = [...new Set([...open, ...others])];
    if (names.length === 0) return new Map();
    const fields = names.map((name) => `${name} until`);
    const values = await this.arena.redis.hmget(hash, ...fields);
    return new Map(names.flatMap((name, at) => (values[at] ? [[name, Number(values[at])] as const] : [])));
  }

  private async add(): Promise<void> {
    const name = this.newName();
    await this.set(name, this.spec(name));
  }

  private async set(name: string, spec: CronSpec): Promise<void> {
    await this.apply({ name, spec });
  }

  private async remove(name: string): Promise<void> {
    if (!OVERLAPPING.test(name)) await this.apply({ name });
  }

  /** Removes a cron, and sets another one of its name at once. */
  private async replace(name: string): Promise<void> {
    await this.remove(name);
    await this.set(name, this.spec(name));
  }

  /** Changes the arguments alone: no time may be lost by that. */
  private async reword(name: string): Promise<void> {
    const spec = this.specs.get(name);
    if (spec) await this.set(name, { ...spec, version: this.newVersion() });
  }

  private async pause(name: string): Promise<void> {
    if (this.paused.has(name)) return;
    const [settled, , to] = await this.spanOf(name, () => this.arena.producer.manage((crons) => crons.pause(name)));
    this.paused.add(name);
    this.duties.end(name, settled, to);
  }

  private async resume(name: string): Promise<void> {
    const [, from, to] = await this.spanOf(name, () => this.arena.producer.manage((crons) => crons.resume(name)));
    this.paused.delete(name);
    this.duties.begin(await this.definition(SET, name), this.specs.get(name)?.version ?? '', [from, to]);
  }

  private async apply(change: CronChange): Promise<void> {
    const { producer } = this.arena;
    const act = () => producer.manage((crons, queue) => applyChange(crons, queue, change));
    const [settled, from, to] = await this.spanOf(change.name, act);
    await this.note(change, settled, [from, to]);
  }

  private async note({ name, spec }: CronChange, settled: number, span: Span): Promise<void> {
    this.changes += 1;
    if (!spec) {
      this.specs.delete(name);
      this.paused.delete(name);
      this.duties.end(name, settled, span[1]);
      return;
    }
    this.specs.set(name, spec);
    if (!this.paused.has(name)) this.replaced(await this.definition(SET, name), spec.version, settled, span);
  }

  /** One whose times stay the same goes on as if nothing had happened. */
  private replaced(cron: CronDeclaration, version: string, settled: number, [from, to]: Span): void {
    const duty = this.duties.of(cron.name);
    const stays = duty && JSON.stringify(duty.cron.schedule) === JSON.stringify(cron.schedule);
    if (stays && duty.cron.missed === cron.missed && duty.cron.overlap === cron.overlap) {
      this.duties.reword(cron.name, version, settled, to);
      return;
    }
    this.duties.end(cron.name, settled, to);
    // times that were not dealt with before such a change are dealt with after it
    this.duties.begin(cron, version, [stays ? settled : from, to]);
  }

  private async spanOf(
    name: string,
    act: () => Promise<unknown>,
  ): Promise<[settled: number, from: number, to: number]> {
    const settled = Number((await this.arena.redis.hget(SET, `${name} until`)) ?? 0);
    const from = await this.arena.clock.now();
    await act();
    return [settled, from, await this.arena.clock.now()];
  }

  private async definition(hash: string, name: string): Promise<CronDeclaration> {
    const cron: unknown = JSON.parse((await this.arena.redis.hget(hash, `${name} definition`)) ?? 'null');
    if (!isCronDeclaration(cron)) throw new Error(`${hash} has no definition of ${name}.`);
    return cron;
  }

  private newName(): string {
    this.named += 1;
    return this.named % 10 === 0 ? `tenant-${this.named}-slow` : `tenant-${this.named}`;
  }

  private newVersion(): string {
    this.versions += 1;
    return `v${this.versions}`;
  }

  private spec(name: string): CronSpec {
    const { random } = this;
    const version = this.newVersion();
    if (OVERLAPPING.test(name)) {
      const every = random.pick(['2s', '3s', '5s'] as const);
      const ms = random.between(500, 3_500);
      return { task: 'ChaosTasks.slow', queue: 'default', every, missed: 'all', overlap: 'skip', version, ms };
    }
    const task = random.pick(['ChaosTasks.tick', 'ChaosTasks.tock'] as const);
    const queue = random.pick(['default', 'bulk', 'urgent']);
    const missed = random.pick(['all', 'all', 'all', 'latest', 'skip'] as const);
    // those that make up for nothing are to be due seldom enough that a busy machine is not too late for them
    const times = missed === 'all' ? random.pick(FREQUENT) : random.pick(SELDOM);
    return {
      ...times,
      task,
      queue,
      missed,
      overlap: 'allow',
      version,
      ms: random.chance(0.1) ? random.between(1, 50) : 0,
    };
  }
}

type Times = Pick<CronSpec, 'cron' | 'every' | 'offset' | 'jitter' | 'timeZone'>;

const FREQUENT: readonly Times[] = [
  { every: '3s' },
  { every: '5s', offset: '700ms' },
  { every: '7s' },
  { every: '1500ms' },
  { every: '10s', jitter: '4s' },
  { cron: '*/4 * * * * *', timeZone: 'Europe/Paris' },
  { cron: '1/6 * * * * *' },
  { cron: 'H/10 * * * * *', timeZone: 'America/New_York' },
  { cron: '5,17,31,44 * * * * *', timeZone: 'UTC' },
];
const SELDOM: readonly Times[] = [
  { every: '20s' },
  { every: '30s', jitter: '9s' },
  { cron: '*/15 * * * * *', timeZone: 'Asia/Tokyo' },
  { cron: 'H * * * * *' },
];
