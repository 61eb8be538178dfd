import { Logger } from '@nestjs/common';
import type { Inspector } from '../../inspector/inspector.js';
import { Refused } from '../http/refused.js';
import type { Responder } from '../http/responder.js';
import type { Call } from '../http/route.js';
import { EventStream, type StreamTimes } from './event-stream.js';
import { Sampler } from './sampler.js';
import { Shared } from './shared.js';
import type { Snapshot } from './snapshot.js';

/** How often something happens, and how much at most. */
export interface LiveLimits extends StreamTimes {
  /** between two readings of the status, in ms */
  readonly everyMs: number;
  /** streams at once in this process */
  readonly most: number;
}

const LIMITS: LiveLimits = { everyMs: 2_000, atLeastMs: 15_000, endAfterMs: 60_000, most: 200 };

/** What all who look at a namespace share. */
export interface LiveNamespace {
  /** The status as the stream has it, for those that poll. */
  snapshot(): Promise<Snapshot>;
  /** Keeps the answers of slow reads for a moment. */
  readonly shared: Shared;
  /** The same of the inspector without keys. */
  readonly keyless: Shared;
  /** What was read before an action is old. */
  changed(): void;
}

interface Parts {
  readonly sampler: Sampler;
  readonly shared: Shared;
  readonly keyless: Shared;
}

/** What changes for as long as somebody looks: one sampler for each namespace, and a stream of events for each who looks. */
export class Live {
  private readonly log = new Logger('QueueDashboard');
  private readonly limits: LiveLimits;
  private readonly namespaces = new Map<string, Parts>();
  private readonly streams = new Set<EventStream>();
  private isClosed = false;

  constructor(limits: Partial<LiveLimits> = {}) {
    this.limits = { ...LIMITS, ...limits };
  }

  of(namespace: string, inspector: Inspector): LiveNamespace {
    const { sampler, shared, keyless } = this.look(namespace, inspector);
    const changed = (): void => {
      shared.clear();
      keyless.clear();
      sampler.renew();
    };
    return { snapshot: () => sampler.snapshot(), shared, keyless, changed };
  }

  /**
   * Sends events until one side ends it. Resolves when it is over.
   *
   * @throws Refused when there are too many streams
   */
  async follow(call: Call, responder: Responder, lastId: string | undefined): Promise<void> {
    if (this.isClosed || this.streams.size >= this.limits.most) {
      throw new Refused(503, 'TOO_MANY_STREAMS', 'The dashboard has as many streams as it may, so the page polls.');
    }
    // a person who has gone meanwhile would keep a place
    if (!responder.isOpen) return;
    const { sampler } = this.look(call.namespace, call.inspector);
    const stream = new EventStream(call, responder, this.limits, lastId);
    this.streams.add(stream);
    const leave = sampler.follow((sample) => stream.offer(sample));
    await stream.ended;
    leave();
    this.streams.delete(stream);
  }

  close(): void {
    this.isClosed = true;
    for (const stream of this.streams) stream.end();
    for (const { sampler } of this.namespaces.values()) sampler.stop();
  }

  private look(namespace: string, inspector: Inspector): Parts {
    const known = this.namespaces.get(namespace);
    if (known) return known;
    const sampler = new Sampler(inspector, this.limits.everyMs, this.log);
    const made = { sampler, shared: new Shared(), keyless: new Shared() };
    this.namespaces.set(namespace, made);
    return made;
  }
}
