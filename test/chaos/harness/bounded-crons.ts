import type { Arena } from './arena.js';
import { applyChange, boundedIn, type CronSpec } from './cron-changes.js';
import type { CronRun } from './cron-judge.js';
import type { Random } from './random.js';

const DECLARED = '{nestwork}:crons';
const SET = '{nestwork}:run-time-crons';
const AT_RELEASE = /^released-/;
const LIMITED = /^limited-/;
const COUNT = 30;
const MORE = 3;
const TIMES = ['2s', '3s', '5s', '7s'] as const;

/** A cron that was set with a limit. */
interface Limited {
  readonly spec: CronSpec;
  /** how many runs its times are to have since they are what they are */
  readonly runs: number;
  /** and those before had */
  readonly before: number;
}

/** What was to come of crons whose runs are numbered, and what did. */
export interface BoundedVerdict {
  readonly releases: number;
  /** of crons that run at each release */
  readonly ofReleases: number;
  /** of crons with a limit */
  readonly ofLimits: number;
  readonly problems: readonly string[];
}

/** Whether a run is of one of these crons. Their times are no matter: they are counted. */
export function isBounded({ cron }: Pick<CronRun, 'cron'>): boolean {
  return AT_RELEASE.test(cron) || LIMITED.test(cron);
}

/** Crons that run once at each release, and crons with a limit, of code and set at run time. */
export class BoundedCrons {
  private readonly limited = new Map<string, Limited>();
  private deployment = 0;

  constructor(
    private readonly arena: Arena,
    private readonly random: Random,
  ) {}

  /** Sets those that are set at run time. */
  async fill(): Promise<void> {
    for (let number = 1; number <= COUNT; number += 1) {
      const queue = this.random.pick(['default', 'bulk', 'urgent']);
      const every = this.random.pick(TIMES);
      const spec: CronSpec = {
        task: 'ChaosTasks.tock',
        queue,
        every,
        missed: 'all',
        overlap: 'allow',
        version: 'limited',
        ms: 0,
      };
      const runs = this.random.between(1, 12);
      await this.set(`limited-${number}`, { spec, runs, before: 0 }, runs);
    }
  }

  /** A release has been deployed whose code has higher limits. */
  deployed(deployment: number): void {
    this.deployment = deployment;
  }

  /** Gives some a higher limit; and of those that are over some a lower one, or other times. */
  async change(count: number): Promise<void> {
    for (let change = 0; change < count; change += 1) {
      const [name, its] = this.random.pick([...this.limited]);
      const isOver = (await this.fires(SET, name)) === its.runs;
      const dice = isOver ? this.random.between(0, 3) : 3;
      if (dice === 0) await this.set(name, its, 1);
      else if (dice <= 2) await this.begin(name, its);
      else await this.set(name, { ...its, runs: its.runs + MORE }, its.runs + MORE);
    }
  }

  /** Whether the release that was deployed last has had its runs. */
  async hasRunAtRelease(): Promise<boolean> {
    const names = boundedIn(this.deployment).flatMap(({ name }) => (AT_RELEASE.test(name) ? [name] : []));
    const fields = names.flatMap((name) => [`${name} releases`, `${name} immediate`]);
    const values = await this.arena.redis.hmget(DECLARED, ...fields);
    return names.every((_, at) => {
      const [releases, immediate] = values.slice(2 * at, 2 * at + 2);
      return releases?.split(' ')[0] === `r${this.deployment}` && immediate === null;
    });
  }

  /** Whether each has had as many runs as its limit allows. */
  async areOver(): Promise<boolean> {
    for (const { name, limit = 0 } of boundedIn(this.deployment)) {
      if (LIMITED.test(name) && (await this.fires(DECLARED, name)) < limit) return false;
    }
    for (const [name, { runs }] of this.limited) if ((await this.fires(SET, name)) < runs) return false;
    return true;
  }

  /** @param runs all that were enqueued */
  judge(runs: readonly CronRun[]): BoundedVerdict {
    const releases = this.deployment + 1;
    const idsOf = new Map<string, Set<string>>();
    for (const { cron, id } of runs.filter(isBounded)) idsOf.set(cron, (idsOf.get(cron) ?? new Set()).add(id));
    const expected = new Map<string, number>();
    for (const { name, limit } of boundedIn(this.deployment)) expected.set(name, limit ?? releases);
    for (const [name, its] of this.limited) expected.set(name, its.before + its.runs);
    const found = (name: string): number => idsOf.get(name)?.size ?? 0;
    const problems = [...new Set([...expected.keys(), ...idsOf.keys()])].flatMap((name) => {
      const wanted = expected.get(name) ?? 0;
      return found(name) === wanted ? [] : [`${name}: ${found(name)} runs, not ${wanted}`];
    });
    const sum = (names: RegExp): number =>
      [...idsOf.keys()].filter((name) => names.test(name)).reduce((all, name) => all + found(name), 0);
    return { releases, ofReleases: sum(AT_RELEASE), ofLimits: sum(LIMITED), problems };
  }

  /** Its times are others: the count begins anew. It is over, so that no run of the former ones can come. */
  private async begin(name: string, { spec, runs, before }: Limited): Promise<void> {
    const every = this.random.pick(TIMES.filter((one) => one !== spec.every));
    const next = this.random.between(1, 8);
    await this.set(name, { spec: { ...spec, every }, runs: next, before: before + runs }, next);
  }

  private async set(name: string, limited: Limited, limit: number): Promise<void> {
    const change = { name, spec: { ...limited.spec, limit } };
    await this.arena.producer.manage((crons, queue) => applyChange(crons, queue, change));
    this.limited.set(name, limited);
  }

  private async fires(hash: string, name: string): Promise<number> {
    return Number((await this.arena.redis.hget(hash, `${name} fires`)) ?? 0);
  }
}
