import { producerOf } from '../message/task-id.js';
import { idOf } from '../message/task-message.js';
import { KEPT_BROADCASTS } from '../task/broadcast.js';
import { entryIn } from './entries.js';
import { foreignBytes } from './foreign-bytes.js';
import type { TaskPlace } from './port/broker.js';
import type { GroupPort } from './port/group-port.js';
import type { FoundTask, WaitingState } from './port/task-port.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { isChild } from './session-lists.js';

/** Looked at by one script: it holds up everyone else while it runs. */
const PAGE = 2_000;
const PAGE_BYTES = 500_000;
/** A task that moves while it is looked for may be missed in the first round. */
const ROUNDS = 2;

/** A place, and what takes the task out of it. */
interface Found extends FoundTask {
  /** Resolves to false when it is there no more. */
  readonly cancel?: () => Promise<boolean>;
}

/** A task that waits, as it was found. */
interface WaitingTask {
  readonly queue: string;
  readonly place: WaitingState;
  readonly message: string | Buffer;
  /** about how many tasks are behind it */
  readonly passed: number;
}

/**
 * Finds one task among all. Only the place of its message shows where a task is, so that it costs one list element. So the
 * caller pays, with a search page by page in the order in which tasks move.
 */
export class TaskFinder {
  constructor(
    private readonly connection: RedisConnection,
    private readonly groups: Pick<GroupPort, 'waitingNode'>,
  ) {}

  /** @param queues those to search */
  async locate(id: string, queues: readonly string[]): Promise<TaskPlace> {
    return placeOf(await this.search(id, queues));
  }

  /** With all that its place shows. */
  async find(id: string, queues: readonly string[]): Promise<FoundTask> {
    const { cancel: _, ...found } = await this.search(id, queues);
    return found;
  }

  /** Resolves to where it was found. */
  async cancel(id: string, queues: readonly string[]): Promise<TaskPlace> {
    for (;;) {
      const found = await this.search(id, queues);
      // one that has moved on in the meantime is looked for again
      if (!found.cancel || (await found.cancel())) return placeOf(found);
    }
  }

  /** Resolves to false when it waits there no more. */
  async cancelWaiting(task: WaitingTask): Promise<boolean> {
    const answering = [producerOf(idOf(task.message.toString()))];
    return (await this.connection.call('cancel-waiting', { ...task, answering })) > 0;
  }

  /** Resolves to false when it was cancelled before, or is held no more. */
  async cancelHeld(child: string, id: string): Promise<boolean> {
    return (await this.cancelledAt(id)) === undefined && this.cancelActive(child, id);
  }

  private async cancelActive(child: string, id: string): Promise<boolean> {
    const input = { child, id, kept: KEPT_BROADCASTS, answering: [producerOf(id)] };
    return (await this.connection.call('cancel-active', input)) === 1;
  }

  private async search(id: string, queues: readonly string[]): Promise<Found> {
    for (let round = 0; round < ROUNDS; round += 1) {
      const waiting = await this.inFlow(id, queues);
      if (waiting) return waiting;
      for (const queue of queues) {
        const found = (await this.scheduled(id, queue)) ?? (await this.pending(id, queue));
        if (found) return found;
      }
      const found = (await this.active(id)) ?? (await this.ended(id, queues));
      if (found) return found;
    }
    return { state: 'unknown' };
  }

  /** A task that waits for others of its flow is in no queue. */
  private async inFlow(id: string, queues: readonly string[]): Promise<Found | undefined> {
    const found = await this.groups.waitingNode(id);
    if (!found) return undefined;
    const input = { id, queues, answering: [producerOf(id)] };
    const cancel = async (): Promise<boolean> => (await this.connection.call('cancel-node', input)) === 1;
    return { state: 'waiting', ...found, cancel };
  }

  private async scheduled(id: string, queue: string): Promise<Found | undefined> {
    let cursor = '0';
    do {
      const [next, entries] = await this.connection.command((redis, keys) =>
        redis.zscanBuffer(keys.scheduled(queue), cursor, 'MATCH', `${id}*`, 'COUNT', PAGE),
      );
      const [message, due] = entries;
      if (message !== undefined) {
        const found = this.waiting(queue, 'scheduled', message);
        return { ...found, ...foreignBytes(message.toString(), message), dueAt: Math.floor(Number(due)) };
      }
      cursor = next.toString();
    } while (cursor !== '0');
    return undefined;
  }

  private async pending(id: string, queue: string): Promise<Found | undefined> {
    for (const place of ['pending', 'quarantined', 'held'] as const) {
      for (let passed = 0, more = true; more; ) {
        const input = { queue, place, id, passed, most: PAGE, mostBytes: PAGE_BYTES };
        const [message, looked, left, heldBack] = await this.connection.call('find-pending', input);
        if (message.length > 0) {
          const found = this.waiting(queue, place, message, passed + looked - 1);
          const waits = { ahead: left, heldBack: heldBack === 1, ...(place === 'held' && { inLine: true }) };
          return { ...found, ...foreignBytes(message.toString(), message), ...waits };
        }
        passed += looked;
        more = left > 0;
      }
    }
    return undefined;
  }

  /** @param passed how many tasks are behind it */
  private waiting(queue: string, place: WaitingState, message: Buffer, passed = 0): Found {
    // by its bytes: those of others need not be text
    return {
      state: place === 'held' ? 'pending' : place,
      queue,
      message: message.toString(),
      cancel: () => this.cancelWaiting({ queue, place, message, passed }),
    };
  }

  private async active(id: string): Promise<Found | undefined> {
    const sessions = await this.connection.command((redis, keys) => redis.zrange(keys.sessions(), 0, '-1'));
    for (const session of sessions) {
      const fields = await this.connection.command((redis, keys) => redis.hkeys(keys.session(session)));
      for (const child of fields.filter(isChild)) {
        const held = await this.connection.command((redis, keys) => redis.hget(keys.claims(child), id));
        if (held !== null) return this.held(id, child, held);
      }
    }
    return undefined;
  }

  private async held(id: string, child: string, held: string): Promise<Found> {
    const asked = await this.cancelledAt(id);
    const cancel = (): Promise<boolean> => this.cancelActive(child, id);
    const place = { ...entryIn(held), child };
    // asking twice is not needed: it never runs again, and its supervisor knows
    return asked === undefined
      ? { state: 'active', ...place, cancel }
      : { state: 'cancelled', ...place, cancelledAt: asked };
  }

  private async ended(id: string, queues: readonly string[]): Promise<Found | undefined> {
    for (const queue of queues) {
      const dead = await this.connection.command((redis, keys) => redis.hexists(keys.records(queue), id));
      if (dead === 1) return { state: 'dead', queue };
    }
    const asked = await this.cancelledAt(id);
    return asked === undefined ? undefined : { state: 'cancelled', cancelledAt: asked };
  }

  private async cancelledAt(id: string): Promise<number | undefined> {
    const asked = await this.connection.command((redis, keys) => redis.zscore(keys.cancelled(), id));
    return asked === null ? undefined : Math.floor(Number(asked));
  }
}

/** Where it is, as a handle answers. */
function placeOf({ state, queue, message }: FoundTask): TaskPlace {
  return { state: state === 'quarantined' ? 'pending' : state, queue, message };
}
