import type { Logger } from '@nestjs/common';
import type { Inspector } from '../../inspector/inspector.js';
import { answerOf } from '../http/refused.js';
import { findingView, wellOf } from './findings.js';
import { lapsedViews } from './lapsed.js';
import type { LiveOutage, Snapshot } from './snapshot.js';

/** Workers publish more often for 10 s after each call of `watch()`. */
const WATCH_EVERY_MS = 5_000;

/** What all who look get next: a snapshot, or why there is none. */
export interface Sample {
  /** differs from those of all other samples, of other processes too */
  readonly id: string;
  readonly event: 'snapshot' | 'outage';
  /** JSON */
  readonly data: string;
  /** equal for two samples between which nothing has changed */
  readonly likeness: string;
}

type Listener = (sample: Sample) => void;

/** Reads the status of a namespace again and again while somebody looks, for all who look; while nobody does, it does nothing. */
export class Sampler {
  private readonly listeners = new Set<Listener>();
  private readonly origin = Date.now().toString(36);
  private number = 0;
  private last: Sample | undefined;
  private readAtMs = Number.NEGATIVE_INFINITY;
  private reading: Promise<string> | undefined;
  /** a reading that began before the last one of them is old */
  private renewals = 0;
  private outageSince: Date | undefined;
  private timer: NodeJS.Timeout | undefined;
  private watchedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly inspector: Pick<Inspector, 'status' | 'workers'>,
    private readonly everyMs: number,
    /** for errors of the dashboard itself */
    private readonly log: Logger,
  ) {}

  /** Calls the listener with each sample, and with the last one at once if it is fresh. Returns how to end that. */
  follow(listener: Listener): () => void {
    this.listeners.add(listener);
    if (this.last && this.isFresh) listener(this.last);
    if (this.timer === undefined) this.plan();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.stop();
    };
  }

  /** The snapshot of the last reading, or of a new one if that is older than the time between two. */
  async snapshot(): Promise<Snapshot> {
    const { last } = this;
    const isRead = last?.event === 'snapshot' && this.isFresh && !this.reading;
    return JSON.parse(isRead ? last.data : await this.read()) as Snapshot;
  }

  /** Somebody has done something: what was read before shows the state before that. */
  renew(): void {
    this.readAtMs = Number.NEGATIVE_INFINITY;
    this.reading = undefined;
    this.renewals += 1;
    if (this.timer === undefined) return;
    clearTimeout(this.timer);
    this.plan();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private get isFresh(): boolean {
    return performance.now() - this.readAtMs < this.everyMs;
  }

  /** The next reading begins when the one before has ended: a slow server is not asked more often than it answers. */
  private plan(): void {
    const inMs = Math.max(this.readAtMs + this.everyMs - performance.now(), 0);
    const timer = setTimeout(async () => {
      await this.read().catch(() => {});
      // it may have been stopped, or planned anew
      if (this.timer === timer) this.plan();
    }, inMs);
    this.timer = timer;
  }

  /** Resolves to a snapshot in JSON. */
  private read(): Promise<string> {
    if (this.reading !== undefined) return this.reading;
    const reading = this.readOnce().finally(() => {
      if (this.reading === reading) this.reading = undefined;
    });
    this.reading = reading;
    return reading;
  }

  private async readOnce(): Promise<string> {
    const { renewals } = this;
    this.readAtMs = performance.now();
    this.watch();
    try {
      const report = await this.inspector.status();
      const { at, memory, findings, lapsed: _, closedLimits: __, outboxes: ___, ...rest } = report;
      // the memory of Redis moves with each reading; alone, it is nothing new
      const views = {
        findings: findings.map((finding) => findingView(finding, report)),
        lapsed: lapsedViews(report),
        well: wellOf(report),
      };
      const likeness = JSON.stringify({ ...views, ...rest });
      const latencyMs = Math.round(10 * (performance.now() - this.readAtMs)) / 10;
      this.outageSince = undefined;
      const data = `${JSON.stringify({ at, memory, latencyMs }).slice(0, -1)},${likeness.slice(1)}`;
      if (renewals === this.renewals) this.publish({ event: 'snapshot', data, likeness });
      return data;
    } catch (error) {
      this.outageSince ??= new Date();
      const wire = answerOf(error, this.log).body;
      const outage: LiveOutage = { error: wire, since: this.outageSince.toISOString() };
      const data = JSON.stringify(outage);
      this.publish({ event: 'outage', data, likeness: `${outage.since} ${wire.code}` });
      throw error;
    }
  }

  private publish(sample: Omit<Sample, 'id'>): void {
    this.number += 1;
    this.last = { ...sample, id: `${this.origin}-${this.number}` };
    for (const listener of [...this.listeners]) listener(this.last);
  }

  /** Without the right to the one key that it writes, the workers publish as often as they do by themselves. */
  private watch(): void {
    const now = performance.now();
    if (now - this.watchedAtMs < WATCH_EVERY_MS) return;
    this.watchedAtMs = now;
    this.inspector.workers.watch().catch(() => {});
  }
}
