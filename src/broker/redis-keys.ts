import { blockOf, producerOf } from '../task/task-id.js';

/**
 * Every Redis key that nestwork owns, one function a key.
 *
 * All keys of a namespace share one hash tag, so that a script may touch any of them on a Redis Cluster too.
 * Layout, owner and expiry of each key are described in docs/redis-keys.md.
 *
 * @example
 * new RedisKeys('nestwork').queue('default'); // '{nestwork}:queue:default'
 */
export class RedisKeys {
  private readonly tag: string;

  /** @param namespace validated name of the key space */
  constructor(namespace: string) {
    this.tag = `{${namespace}}`;
  }

  /** string: the format version of this key space; written once, never expires */
  readonly format = (): string => `${this.tag}:format`;

  /** list: pending messages, head first; owned by producers and claimers */
  readonly queue = (queue: string): string => `${this.tag}:queue:${queue}`;

  /** sorted set: messages that are not due yet, by the time they are due in ms of Redis time */
  readonly scheduled = (queue: string): string => `${this.tag}:scheduled:${queue}`;

  /** list of at most a token: wakes one promoter, because a task is due earlier than all others */
  readonly alarm = (): string => `${this.tag}:alarm`;

  /** hash: digest of a unique key -> `<queue> <message>` of the task that has it */
  readonly unique = (): string => `${this.tag}:unique`;

  /** list: messages a process died with; each is claimed alone, by a child that holds nothing else */
  readonly suspects = (queue: string): string => `${this.tag}:suspects:${queue}`;

  /** list of at most a token or two: wakes one idle child that serves the queue */
  readonly bell = (queue: string): string => `${this.tag}:bell:${queue}`;

  /** string: the child that takes no more until it holds nothing, for the sake of a suspect; expires after 5 s */
  readonly drain = (): string => `${this.tag}:drain`;

  /** sorted set: ids of dead tasks by the time of death in ms */
  readonly dead = (queue: string): string => `${this.tag}:dead:${queue}`;

  /** hash: id -> error report (JSON), newline, message of a dead task */
  readonly deadRecords = (queue: string): string => `${this.tag}:dead-records:${queue}`;

  /** sorted set: ids of cancelled tasks by the time of it in ms; those of a day, ten thousand at most */
  readonly cancelled = (): string => `${this.tag}:cancelled`;

  /** hash: id -> `<queue> <message>` of every task the child holds */
  readonly claims = (child: string): string => `${this.tag}:claims:${child}`;

  /** sorted set: session -> lease deadline in ms of Redis time */
  readonly sessions = (): string => `${this.tag}:sessions`;

  /** hash: registered child -> number of its last claim; fields with `@` describe the session */
  readonly session = (session: string): string => `${this.tag}:session:${session}`;

  /** string: Redis time in ms at which any supervisor last renewed or looked for overdue leases */
  readonly pulse = (): string => `${this.tag}:pulse`;

  /** hash: what is counted over all workers, see docs/redis-keys.md */
  readonly stats = (): string => `${this.tag}:stats`;

  /** hash: task name -> JSON of what workers registered about it */
  readonly catalog = (): string => `${this.tag}:catalog`;

  /** hash: `<cron> <field>` -> what is noted of a cron: its definition, until when it is settled, its last run */
  readonly crons = (): string => `${this.tag}:crons`;
  /** stream, trimmed: broadcasts, and whatever else every supervisor must hear of */
  readonly broadcasts = (): string => `${this.tag}:broadcasts`;

  /** hash: process -> JSON of how a broadcast ended there; `@<machine>` -> session that runs it, or `done`; expires after a day */
  readonly broadcast = (id: string): string => `${this.tag}:broadcast:${id}`;

  /** sorted set: JSON of the latest gaps in what workers read of the stream, by time in ms; expires after a week */
  readonly broadcastGaps = (): string => `${this.tag}:broadcast-gaps`;

  /** bitmap: which sequence numbers of a block of a producer were enqueued; expires ten minutes after its last write */
  readonly seen = (id: string): string => `${this.tag}:seen:${producerOf(id)}:${blockOf(id)}`;

  /** What `claim` and `release` touch of each queue, in the order the scripts expect. */
  readonly ofQueues = (queues: readonly string[]): string[] =>
    queues.flatMap((queue) => [this.queue(queue), this.suspects(queue), this.bell(queue)]);

  /** What `settle` touches of each queue: the same, its schedule, and where its dead go. */
  readonly ofQueuesAndDead = (queues: readonly string[]): string[] =>
    queues.flatMap((queue) => [
      ...this.ofQueues([queue]),
      this.scheduled(queue),
      this.dead(queue),
      this.deadRecords(queue),
    ]);

  /** What `promote` touches of each queue. */
  readonly ofSchedules = (queues: readonly string[]): string[] =>
    queues.flatMap((queue) => [this.scheduled(queue), ...this.ofQueues([queue])]);
}
