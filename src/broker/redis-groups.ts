import { groupTagOf } from '../message/group-tag.js';
import { idOf } from '../message/task-message.js';
import { KEPT_BROADCASTS } from '../task/broadcast.js';
import { pairsOf } from '../values/pairs.js';
import { chunks, SEEN_SECONDS, seenBlock } from './enqueue.js';
import { entryIn } from './entries.js';
import { encodeAbout, encodeNode, groupOf, nodeOf } from './group-records.js';
import {
  type Added,
  type Continuation,
  type GroupBroker,
  type GroupPlace,
  type GroupPort,
  type GroupRecord,
  type GroupTimes,
  type MemberOptions,
  MOST_ADDED_LINKS,
  type NewGroup,
  type NodeRecord,
  type NodesToAdd,
} from './port/group-port.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { dueArgs, labelsOf } from './redis-producer.js';
import { answersOf } from './redis-results.js';

/** A sender that adds nothing for so long has died, in ms. */
export const UNSEALED_MS = 300_000;
/** Orders that one script carries out. */
const MOST_ORDERS = 100;
/** Due tasks wait while a promoter tends groups. */
const MOST_ROUNDS = 10;

/** Sends messages, and waits for the replicas if any are asked for. */
type Confirmed = <T>(messages: readonly string[], send: () => Promise<T>) => Promise<T>;

/** Batches and flows over Redis: a hash for all of them, and one script for each change. */
export class RedisGroups implements GroupBroker, GroupPort {
  /** @param queues of the app: into these a script sends directly what was waited for */
  constructor(
    private readonly connection: RedisConnection,
    private readonly queues: readonly string[],
    private readonly confirmed: Confirmed,
  ) {}

  async open({ id, kind, policy, name, openedAt, deadlineMs, done, failed }: NewGroup): Promise<void> {
    const deadlineAt = deadlineMs === undefined ? undefined : openedAt + deadlineMs;
    const input = {
      group: id,
      kind: kind === 'batch' ? 'b' : 'f',
      policy,
      about: encodeAbout(name, { openedAt, deadlineAt }),
      unsealedMs: UNSEALED_MS,
      deadlineMs: deadlineMs ?? '',
      done: entryOf(done),
      failed: entryOf(failed),
    };
    const messages = [done, failed].flatMap((it) => (it ? [it.message] : []));
    await this.confirmed(messages, () => this.connection.call('open-group', input));
  }

  async add(group: string, queue: string, messages: readonly string[], options: MemberOptions = {}): Promise<Added> {
    const { due = { in: 0 }, labels = [] } = options;
    const labelOf = new Map(pairsOf(labels));
    const input = { group, queue, seconds: SEEN_SECONDS, unsealedMs: UNSEALED_MS, ...dueArgs(due) };
    let added = 0;
    for (const chunk of messages.length === 0 ? [[]] : chunks(messages)) {
      const block = seenBlock(chunk[0] ?? group);
      added = await this.confirmed(chunk, () =>
        this.connection.call('enqueue-members', {
          ...input,
          block,
          labels: labelsOf(chunk, labelOf),
          messages: chunk,
        }),
      );
      if (added < 0) break;
    }
    return addedOf(added);
  }

  async reserve(group: string, count: number): Promise<number> {
    const next = await this.connection.command((redis, keys) => redis.hincrby(keys.groups(), `${group} next`, count));
    return next - count;
  }

  async addNodes(group: string, { nodes, starts, behind }: NodesToAdd): Promise<Added> {
    const input = {
      group,
      unsealedMs: UNSEALED_MS,
      behind: behind ?? '',
      mostLinks: MOST_ADDED_LINKS,
      starts: starts ? 1 : 0,
      queues: [...new Set(nodes.map(({ queue }) => queue))],
      nodes: nodes.flatMap((node) => [node.number, encodeNode(node), entryOf(node), node.waiting.join(',')]),
    };
    const messages = nodes.map(({ message }) => message);
    return addedOf(await this.confirmed(messages, () => this.connection.call('add-nodes', input)));
  }

  async seal(group: string, abandoned = false): Promise<void> {
    const input = { group, abandoned: abandoned ? 1 : 0, queues: this.queues };
    await this.confirmed([], () => this.connection.call('seal-group', input));
  }

  async cancel(group: string): Promise<'cancelled' | 'ended' | 'unknown'> {
    const input = { group, kept: KEPT_BROADCASTS, queues: this.queues };
    const answer = await this.connection.call('cancel-group', input);
    return answer === 1 ? 'cancelled' : answer === 0 ? 'ended' : 'unknown';
  }

  read(groups: readonly string[]): Promise<(GroupRecord | undefined)[]> {
    if (groups.length === 0) return Promise.resolve([]);
    return this.connection.command(async (redis, keys) => {
      const fields = groups.flatMap((id) => [id, `${id} about`, `${id} culprit`]);
      const stored = await redis.hmget(keys.groups(), ...fields);
      return groups.map((id, at) => groupOf(id, stored[3 * at], stored[3 * at + 1], stored[3 * at + 2]));
    });
  }

  page(after: GroupPlace | undefined, limit: number): Promise<{ places: GroupPlace[]; left: number }> {
    return this.connection.command(async (redis, keys) => {
      const index = keys.groupIndex();
      const rank = after ? await redis.zrevrank(index, after.id) : -1;
      // one that was forgotten in the meantime stood in front of all that are older
      const start = rank === null ? await redis.zcount(index, `(${after?.at}`, '+inf') : rank + 1;
      const [size, flat] = await Promise.all([
        redis.zcard(index),
        redis.zrange(index, start, `${start + limit - 1}`, 'REV', 'WITHSCORES'),
      ]);
      const places = pairsOf(flat).map(([id, at]) => ({ id, at: Number(at) }));
      return { places, left: Math.max(0, size - start - places.length) };
    });
  }

  times(groups: readonly string[]): Promise<GroupTimes[]> {
    if (groups.length === 0) return Promise.resolve([]);
    return this.connection.command(async (redis, keys) => {
      const unsealed = groups.map((id) => `${id} unsealed`);
      const [ended, filling] = await Promise.all([
        redis.zmscore(keys.groupsEnded(), ...groups),
        redis.zmscore(keys.groupTimes(), ...unsealed),
      ]);
      return groups.map((_, at) => {
        const end = ended[at] ?? null;
        return { filling: typeof filling[at] === 'string', endedAt: end === null ? undefined : Number(end) };
      });
    });
  }

  nodes(group: string, from: number, limit: number): Promise<{ nodes: NodeRecord[]; next: number | undefined }> {
    return this.connection.command(async (redis, keys) => {
      const numbers = Array.from({ length: limit }, (_, at) => from + at);
      const fields = numbers.flatMap((number) => [`${group} n${number}`, `${group} d${number}`]);
      const [last, ...stored] = await redis.hmget(keys.groups(), `${group} next`, ...fields);
      const found = numbers.map((number, at) => nodeOf(number, stored[2 * at], stored[2 * at + 1]));
      const nodes = found.filter((node) => node !== undefined);
      return { nodes, next: from + limit < Number(last) ? from + limit : undefined };
    });
  }

  async waitingNode(id: string): Promise<Continuation | undefined> {
    const entry = await this.connection.command((redis, keys) => redis.hget(keys.groups(), id));
    const found = entryIn(entry ?? '');
    // under the id of a group lies no task
    return idOf(found.message) === id && groupTagOf(found.message) ? found : undefined;
  }

  /** Does what scripts have left to promoters, in a few scripts. Resolves to whether there is more to do. */
  async tend(): Promise<boolean> {
    let more = true;
    for (let round = 0; round < MOST_ROUNDS && more; round += 1) {
      const orders = await this.connection.command((redis, keys) => redis.lrange(keys.released(), 0, MOST_ORDERS - 1));
      const tasks = orders.filter((order) => /^[+!] /.test(order)).map((order) => entryIn(order.slice(2)));
      const dying = orders.filter((order) => order.startsWith('! ')).map((order) => entryIn(order.slice(2)));
      // of foreign bytes the script may find that they ask for a result
      const keeping = dying.map(({ message }) => idOf(message));
      const [tended, left] = await this.connection.call('tend-groups', {
        orders: orders.length,
        broadcastsKept: KEPT_BROADCASTS,
        // a task goes where its sender wants it, whether this app serves that queue or not
        queues: [...new Set([...this.queues, ...tasks.map(({ queue }) => queue)])],
        ...answersOf(keeping),
      });
      // others may be faster with all of them
      more = tended > 0 && (left > 0 || tended >= orders.length);
    }
    return more;
  }
}

function entryOf(task: Continuation | undefined): string {
  return task ? `${task.queue} ${task.message}` : '';
}

function addedOf(answer: number): Added {
  if (answer === -2) return 'unknown';
  if (answer === -3) return 'wide';
  return answer < 0 ? 'ended' : 'added';
}
