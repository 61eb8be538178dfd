import { entryIn } from './entries.js';
import { foreignBytes } from './foreign-bytes.js';
import type { Due, KeyHolder, TaskPlace } from './port/broker.js';
import type {
  ChildOfWorker,
  FoundTask,
  HeldQuery,
  HeldTask,
  PurgeQuery,
  PurgeStep,
  TaskPort,
  WaitingEntry,
  WaitingPage,
  WaitingPlace,
  WaitingQuery,
} from './port/task-port.js';
import { sizesOf } from './queue-states.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { serverTime } from './redis/server-time.js';
import { dueArgs } from './redis-producer.js';
import { allSessions, isChild } from './session-lists.js';
import type { TaskFinder } from './task-finder.js';

/** Bytes of messages after which a script has enough: it holds up everyone else while it runs. */
const ENOUGH_BYTES = 500_000;

/** How the value of a key begins, see lua/lib/unique.lua. */
const HOLDER = /^(\S+) ([0-9a-z]{20})/;

/** All tasks that have not ended, over Redis: each call is one script that looks at a part. */
export class RedisTaskPlaces implements TaskPort {
  constructor(
    private readonly connection: RedisConnection,
    private readonly finder: TaskFinder,
  ) {}

  now(): Promise<number> {
    return this.connection.command(serverTime);
  }

  sizes(places: readonly WaitingPlace[]): Promise<number[]> {
    return sizesOf(this.connection, places);
  }

  async page(
    { queue, state }: WaitingPlace,
    { order, at, limit, look, whole, ...filter }: WaitingQuery,
  ): Promise<WaitingPage> {
    const range = { order, at, limit, look, mostBytes: ENOUGH_BYTES, shown: bytesOf(whole) };
    const input = { queue, place: state, ...range, call: callOf(filter.task), id: filter.id ?? '' };
    const [looked, next, left, fields] = await this.connection.call('waiting-page', input);
    return { looked, next, left, tasks: entriesOf(fields) };
  }

  async children(): Promise<ChildOfWorker[]> {
    const found = (await allSessions(this.connection)).flatMap(({ until, fields }) => {
      const { '@host': host = '', '@pid': pid } = fields;
      const children = Object.keys(fields).filter(isChild);
      return children.map((child) => ({ child, host, pid: Number(pid), leaseUntil: until }));
    });
    return found.sort((a, b) => (a.child < b.child ? -1 : 1));
  }

  async held(child: string, { whole, ...range }: HeldQuery): Promise<{ tasks: HeldTask[]; more: boolean }> {
    const input = { child, ...range, mostBytes: ENOUGH_BYTES, shown: bytesOf(whole) };
    const [more, ...fields] = await this.connection.call('claims-page', input);
    const tasks: HeldTask[] = [];
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const [id = '', held = ''] = fields.slice(at, at + 2);
      const { queue, message: head } = entryIn(held);
      tasks.push({ id, queue, head });
    }
    return { tasks, more: more === 1 };
  }

  async drainer(): Promise<string | undefined> {
    return (await this.connection.command((redis, keys) => redis.get(keys.drain()))) ?? undefined;
  }

  find(id: string, queues: readonly string[]): Promise<FoundTask> {
    return this.finder.find(id, queues);
  }

  async holderOf(digest: string): Promise<KeyHolder | undefined> {
    const held = await this.connection.command((redis, keys) => redis.hget(keys.unique(), digest));
    const [, queue, id] = HOLDER.exec(held ?? '') ?? [];
    return queue === undefined || id === undefined ? undefined : { queue, id };
  }

  cancel(id: string, queues: readonly string[]): Promise<TaskPlace> {
    return this.finder.cancel(id, queues);
  }

  cancelWaiting({ queue, state }: WaitingPlace, message: string, passed: number): Promise<boolean> {
    return this.finder.cancelWaiting({ queue, place: state, message, passed });
  }

  cancelHeld(child: string, id: string): Promise<boolean> {
    return this.finder.cancelHeld(child, id);
  }

  async purge(queue: string, { state, passed, task, before, look }: PurgeQuery): Promise<PurgeStep> {
    const range = { passed, look, mostBytes: ENOUGH_BYTES };
    const input = { queue, place: state, ...range, call: callOf(task), before: before ?? '' };
    const [purged, looked, kept, left] = await this.connection.call('purge-pending', input);
    return { purged, looked, passed: kept, left: Math.max(left, 0) };
  }

  async reschedule(queue: string, message: string, due: Due): Promise<boolean> {
    return (await this.connection.call('reschedule', { queue, message, ...dueArgs(due) })) === 1;
  }
}

/** Of each message: header, tags and name; or more than any has. */
function bytesOf(whole = false): number {
  return whole ? 1e9 : 1_700;
}

/** How the body of a call begins. */
function callOf(task: string | undefined): string {
  return task === undefined ? '' : `[${JSON.stringify(task)},`;
}

/** `[beginning of a message, time or nothing, number looked at, whether it is held back, ...]` */
function entriesOf(fields: readonly (Buffer | number)[]): WaitingEntry[] {
  const entries: WaitingEntry[] = [];
  for (let at = 0; at + 3 < fields.length; at += 4) {
    const [bytes, due, looked, isHeldBack] = fields.slice(at, at + 4) as [Buffer, Buffer, number, number];
    const head = bytes.toString();
    const dueAt = due.length === 0 ? undefined : Math.floor(Number(due.toString()));
    const heldBack = isHeldBack === 1 && { heldBack: true };
    entries.push({ head, dueAt, looked, ...heldBack, ...foreignBytes(head, bytes) });
  }
  return entries;
}
