import { TaskIdSequence } from '../message/task-id.js';
import type { Pause, PausedQueue, PausePort, PauseRequest } from './port/pause-port.js';
import type { ForeignValues } from './redis/foreign-values.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { unlessWrongType } from './redis/redis-errors.js';
import { serverTime } from './redis/server-time.js';

/** `<end> {"since":...,`: the part that the scripts read, see lua/lib/pauses.lua. */
const HEAD = /^(\d{1,15}) \{"since":(\d{1,15}),/;
/** The part behind the head, for people alone. */
interface Details {
  readonly by: string;
  readonly reason?: string;
}
/** A pause holds by its head, so it is listed even when the rest of it is damaged. */
const UNKNOWN: Details = { by: 'unknown' };

/** The pauses of queues over Redis. */
export class RedisQueuePauses implements PausePort {
  private readonly ids = new TaskIdSequence();

  constructor(
    private readonly connection: RedisConnection,
    private readonly foreign: ForeignValues,
  ) {}

  async pause(queue: string, { forMs, by, reason }: PauseRequest): Promise<PausedQueue> {
    const details = JSON.stringify({ by, reason }).slice('{'.length);
    const input = { queue, forMs: forMs ?? '', id: this.ids.next(), details };
    const field = await this.connection.call('pause-queue', input);
    return { queue, ...(this.parse(queue, field) as Pause) };
  }

  async resume(queue: string): Promise<boolean> {
    return (await this.connection.call('resume-queue', { queue })) === 1;
  }

  async pauses(): Promise<PausedQueue[]> {
    const [fields, now] = await this.connection.command((redis, keys) =>
      Promise.all([redis.hgetall(keys.pauses()).catch((error: Error) => this.wrongType(error)), serverTime(redis)]),
    );
    return Object.entries(fields).flatMap(([queue, field]) => {
      const pause = this.parse(queue, field);
      return pause && (pause.until === undefined || pause.until > now) ? [{ queue, ...pause }] : [];
    });
  }

  /**
   * Fields that a promoter has found and that pause nothing: a queue and the value of its field, and so on; the type of a foreign key
   * behind an empty name.
   */
  found(foreign: readonly string[]): void {
    for (let at = 0; at + 1 < foreign.length; at += 2) {
      const [queue = '', value = ''] = foreign.slice(at, at + 2);
      if (queue === '') this.foreign.found(this.connection.keys.pauses(), `a ${value}`);
      else this.foreign.found(this.place(queue), value);
    }
  }

  private parse(queue: string, field: string): Pause | undefined {
    const [, end, since] = HEAD.exec(field) ?? [];
    if (end === undefined) {
      this.foreign.found(this.place(queue), field);
      return undefined;
    }
    const json = field.slice(end.length + ' '.length);
    const { by, reason } = this.foreign.json(this.place(queue), json, isDetails) ?? UNKNOWN;
    return { since: Number(since), until: Number(end) || undefined, by, reason };
  }

  /** A hash of somebody else pauses nothing. */
  private wrongType(error: Error): Record<string, string> {
    unlessWrongType(error);
    this.foreign.found(this.connection.keys.pauses(), 'no hash');
    return {};
  }

  private place(queue: string): string {
    return `The field "${queue}" of ${this.connection.keys.pauses()}`;
  }
}

function isDetails(value: unknown): value is Details {
  if (typeof value !== 'object' || value === null) return false;
  const { by, reason } = value as Partial<Details>;
  return typeof by === 'string' && (reason === undefined || typeof reason === 'string');
}
