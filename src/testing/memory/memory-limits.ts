import type { LimitDeclaration } from '../../broker/port/broker.js';
import type { LimitState } from '../../broker/port/limit-port.js';
import { LIMIT_NAME_LENGTH, limitKey, nameDigest } from '../../message/limit-tag.js';
import type { Clock } from '../../values/clock.js';
import { pairsOf } from '../../values/pairs.js';

/** Why no task may start under a limit. */
export interface Shut {
  readonly limit: string;
  /** ms since 1970 from which one may; undefined when that is for a task to end */
  readonly opensAt: number | undefined;
}

/**
 * How many tasks hold each limit, and when it lets the next one start, as lua/lib/limits.lua does: by limit key. A limit that nobody
 * declares lets all tasks start.
 */
export class MemoryLimits {
  /** by the digest of the name */
  private readonly rules = new Map<string, LimitDeclaration>();
  private readonly gates = new Map<string, string>();
  private readonly slots = new Map<string, number>();
  /** when the next task would start if all started evenly, in us */
  private readonly arrivals = new Map<string, number>();
  /** until when a key is stopped, in ms since 1970 */
  private readonly stops = new Map<string, number>();
  /** the last of all these times, in ms */
  private lastTime = 0;
  /** keys in clear */
  private readonly labels = new Map<string, string>();

  constructor(private readonly clock: Clock) {}

  declare(limits: readonly LimitDeclaration[]): void {
    for (const limit of limits) {
      this.rules.set(nameDigest(limit.name), limit);
      if (limit.queue !== undefined) this.gates.set(limit.queue, limitKey(limit.name));
    }
  }

  /** The limit of a queue. */
  gateOf(queue: string): string | undefined {
    return this.gates.get(queue);
  }

  /** @param labels limits, each followed by its key in clear */
  label(labels: readonly string[]): void {
    for (const [limit, key] of pairsOf(labels)) this.labels.set(limit, key);
  }

  /** How many tasks may start now. @param keeps whether the one to start holds its slot already */
  room(limit: string, keeps = false): number {
    const { concurrency, intervalUs, burst = 1 } = this.ruleOf(limit) ?? {};
    if (this.stoppedUntil(limit) !== undefined) return 0;
    const slots = concurrency === undefined || keeps ? Number.POSITIVE_INFINITY : concurrency - this.used(limit);
    if (intervalUs === undefined) return Math.max(slots, 0);
    const early = this.nowUs - this.freeAtUs(limit);
    const starts = early < 0 ? 0 : Math.min(burst, Math.floor(early / intervalUs) + 1);
    return Math.max(Math.min(slots, starts), 0);
  }

  /** The first of these limits under which no task may start. @param kept those whose slots it holds already */
  shut(limits: readonly string[], kept: readonly string[] = []): Shut | undefined {
    const limit = limits.find((one) => this.room(one, kept.includes(one)) === 0);
    return limit === undefined ? undefined : { limit, opensAt: this.opensAt(limit, kept.includes(limit)) };
  }

  /** A task starts. One that keeps its slot takes no other. */
  take(limit: string, keeps = false): void {
    if (!keeps) this.slots.set(limit, this.used(limit) + 1);
    const { intervalUs } = this.ruleOf(limit) ?? {};
    if (intervalUs === undefined) return;
    const arrival = Math.max(this.arrivals.get(limit) ?? 0, this.nowUs) + intervalUs;
    this.arrivals.set(limit, arrival);
    this.lastTime = Math.max(this.lastTime, arrival / 1_000);
  }

  giveUp(limit: string): void {
    const left = this.used(limit) - 1;
    if (left > 0) this.slots.set(limit, left);
    else this.slots.delete(limit);
  }

  /** Starts nothing under a key for so long; a stop that lasts longer stays. */
  stop(limit: string, ms: number): void {
    const until = Math.max(this.clock() + ms, this.stops.get(limit) ?? 0);
    this.stops.set(limit, until);
    this.lastTime = Math.max(this.lastTime, until);
  }

  /** Whether any limit may be shut that time alone opens. */
  get mayOpen(): boolean {
    return this.lastTime > this.clock();
  }

  /** Whether a task keeps its slot until it is tried again. */
  isOrdered(limit: string): boolean {
    return this.ruleOf(limit)?.ordered ?? false;
  }

  /** Name and key in clear, for errors: `"stripe" of "acme"`. */
  nameOf(limit: string): string {
    const { name = limit, queue } = this.ruleOf(limit) ?? {};
    const key = this.labels.get(limit);
    if (queue !== undefined) return `of queue "${queue}"`;
    return key === undefined ? `"${name}"` : `"${name}" of "${key}"`;
  }

  state(limit: string): LimitState {
    const rule = this.ruleOf(limit);
    const shut = this.shut([limit]);
    return {
      limit,
      name: rule?.name,
      queue: rule?.queue,
      key: this.labels.get(limit),
      used: this.used(limit),
      most: rule?.concurrency,
      intervalUs: rule?.intervalUs,
      burst: rule?.burst ?? 1,
      opensAt: shut?.opensAt,
      isStopped: this.stoppedUntil(limit) !== undefined,
      closed: undefined,
      isShut: shut !== undefined,
    };
  }

  /** Forgets all tasks; what is declared stays. */
  clear(): void {
    for (const kept of [this.slots, this.arrivals, this.stops, this.labels]) kept.clear();
  }

  /** For one that is shut: undefined when that is for a task to end. */
  private opensAt(limit: string, keeps: boolean): number | undefined {
    const { concurrency = Number.POSITIVE_INFINITY, intervalUs } = this.ruleOf(limit) ?? {};
    const stopped = this.stoppedUntil(limit);
    if (stopped !== undefined) return stopped;
    if (intervalUs === undefined || (!keeps && this.used(limit) >= concurrency)) return undefined;
    return Math.ceil(this.freeAtUs(limit) / 1_000);
  }

  /** From when on a rate lets a task start, in us. */
  private freeAtUs(limit: string): number {
    const { intervalUs = 0, burst = 1 } = this.ruleOf(limit) ?? {};
    return (this.arrivals.get(limit) ?? 0) - (burst - 1) * intervalUs;
  }

  private stoppedUntil(limit: string): number | undefined {
    const until = this.stops.get(limit) ?? 0;
    return until > this.clock() ? until : undefined;
  }

  private used(limit: string): number {
    return this.slots.get(limit) ?? 0;
  }

  private get nowUs(): number {
    return this.clock() * 1_000;
  }

  private ruleOf(limit: string): LimitDeclaration | undefined {
    return this.rules.get(limit.slice(0, LIMIT_NAME_LENGTH));
  }
}
