import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from './clock.js';
import { answerCalls, type Program } from './program.js';

/** The payload of every task: three small fields. */
export interface Mail {
  readonly userId: number;
  readonly template: string;
  /** where a latency is measured, the moment before it was sent */
  readonly sentAt: number;
}

/** `ping` does nothing; `wait` waits 5 ms, as for a database; `stamp` notes how long it took to start. */
export type TaskKind = 'ping' | 'wait' | 'stamp';

/** How a contestant enqueues, by its own API. */
export interface Enqueuer {
  add(kind: TaskKind, mail: Mail): Promise<unknown>;
  addMany(kind: TaskKind, mails: readonly Mail[]): Promise<unknown>;
  /** @param at when they are due, in ms since 1970 */
  schedule(kind: TaskKind, mails: readonly Mail[], at: number): Promise<unknown>;
}

/** The number of calls in one `delayMany` and its like, and of calls of `delay` at once. */
const BATCH = 1_000;

function mail(userId: number, sentAt = 0): Mail {
  return { userId, template: 'welcome', sentAt };
}

function* batches(count: number): Generator<Mail[]> {
  for (let sent = 0; sent < count; sent += BATCH) {
    yield Array.from({ length: Math.min(BATCH, count - sent) }, (_, index) => mail(sent + index));
  }
}

async function perSecond(count: number, run: () => Promise<void>): Promise<number> {
  const from = performance.now();
  await run();
  return (count / (performance.now() - from)) * 1_000;
}

/** By the event loop's own count of the time that it did not wait. */
async function busy(count: number, run: () => Promise<void>): Promise<number> {
  const before = performance.eventLoopUtilization();
  await run();
  return (performance.eventLoopUtilization(before).active / count) * 1_000;
}

/** Calls until V8 has compiled all that one of them runs through: the first take three to five times as long with every contestant. */
const UNTIL_COMPILED = 5_000;

/** The commands of the bench to a producer. Rates are tasks per second. */
function producing(enqueuer: Enqueuer) {
  return {
    fill: async (kind: TaskKind, count: number): Promise<void> => {
      for (const mails of batches(count)) await enqueuer.addMany(kind, mails);
    },
    schedule: async (kind: TaskKind, count: number, at: number): Promise<void> => {
      for (const mails of batches(count)) await enqueuer.schedule(kind, mails, at);
    },
    oneByOne: (count: number): Promise<number> =>
      perSecond(count, async () => {
        for (let sent = 0; sent < count; sent += 1) await enqueuer.add('ping', mail(sent));
      }),
    concurrently: (count: number): Promise<number> =>
      perSecond(count, async () => {
        for (const mails of batches(count)) await Promise.all(mails.map((one) => enqueuer.add('ping', one)));
      }),
    many: (count: number): Promise<number> =>
      perSecond(count, async () => {
        for (const mails of batches(count)) await enqueuer.addMany('ping', mails);
      }),
    /** Microseconds for which the event loop is busy with each call, waiting for Redis left out; awaited one by one. */
    busyOneByOne: (count: number): Promise<number> =>
      busy(count, async () => {
        for (let sent = 0; sent < count; sent += 1) await enqueuer.add('ping', mail(sent));
      }),
    /** The same for a thousand calls at once. */
    busyConcurrently: (count: number): Promise<number> =>
      busy(count, async () => {
        for (const mails of batches(count)) await Promise.all(mails.map((one) => enqueuer.add('ping', one)));
      }),
    /** One `stamp` after the other, with a pause in between that lets the worker fall idle. */
    stamps: async (count: number, pauseMs: number): Promise<void> => {
      for (let sent = 0; sent < count; sent += 1) {
        await enqueuer.add('stamp', mail(sent, monotonicMs()));
        await delay(pauseMs);
      }
    },
  };
}

type Producing = ReturnType<typeof producing>;

/** Last line of a contestant's producer program. */
export function serveProducer(enqueuer: Enqueuer): void {
  answerCalls(producing(enqueuer));
}

/** The bench's side of a producer program. */
export class Producer {
  constructor(private readonly program: Program) {}

  call<Name extends keyof Producing>(
    name: Name,
    ...args: Parameters<Producing[Name]>
  ): Promise<Awaited<ReturnType<Producing[Name]>>> {
    return this.program.call(name, ...args) as Promise<Awaited<ReturnType<Producing[Name]>>>;
  }

  /** Has it enqueue in every way, as an app has that was not started a moment ago. */
  async warmUp(): Promise<void> {
    await this.call('oneByOne', UNTIL_COMPILED);
    await this.call('concurrently', UNTIL_COMPILED);
    await this.call('many', UNTIL_COMPILED);
  }

  stop(): Promise<void> {
    return this.program.stop();
  }
}
