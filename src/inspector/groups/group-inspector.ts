import type { AppBroker } from '../../broker/port/broker.js';
import type { GroupKind, GroupPlace, GroupRecord, NodeRecord } from '../../broker/port/group-port.js';
import { groupUnknown } from '../../groups/group-errors.js';
import { assertTaskId } from '../../message/task-id.js';
import { type PayloadCodec, PLAIN_PAYLOADS } from '../../payload/payload-codec.js';
import { assertKnownOptions } from '../../values/known-options.js';
import { assertBy } from '../actor.js';
import { DeadTask } from '../dead-task.js';
import type { TaskActionOptions } from '../tasks/task-inspector.js';
import {
  type FlowNodeOptions,
  type FlowNodePage,
  type GroupListOptions,
  type GroupPage,
  groupCursor,
  nodeCursor,
  type ResolvedGroupList,
  resolveGroupList,
  resolveNodes,
} from './group-list.js';
import { flowNode, type GroupReport, reportOfGroup } from './group-report.js';

/** Groups that one call of `list()` looks at. */
const MOST_LOOKED = 2_000;
/** Those that are read at a time. */
const STEP = 200;
/** Dead nodes of a page whose errors are read. */
const MOST_DEATHS = 100;

type GroupsBroker = Pick<AppBroker, 'groups' | 'deadLetters' | 'actions'>;

/**
 * Looks at batches and flows, and cancels them. Redis keeps them until a day after their end.
 *
 * All methods reject with REDIS_UNAVAILABLE or REDIS_TIMEOUT when Redis does not answer.
 *
 * @example
 * const inspector = await createInspector();
 * const { groups } = await inspector.groups.list({ kind: 'flow', state: 'failed' });
 * for (const { id, name, culprit } of groups) console.log(id, name, culprit?.task, culprit?.error);
 */
export class GroupInspector {
  /** @internal */
  constructor(
    private readonly broker: GroupsBroker,
    private readonly payloads: PayloadCodec = PLAIN_PAYLOADS,
  ) {}

  /**
   * Batches and flows, those first that were opened last, page by page. Each call looks at 2,000 of them at most.
   *
   * @example
   * const first = await inspector.groups.list({ kind: 'batch' });
   * const second = first.cursor && (await inspector.groups.list({ kind: 'batch', cursor: first.cursor }));
   *
   * @throws NestworkError INVALID_OPTION
   */
  async list(options: GroupListOptions = {}): Promise<GroupPage> {
    const list = resolveGroupList(options);
    const found: GroupRecord[] = [];
    let [looked, left, after] = [0, 0, list.after];
    do {
      const page = await this.broker.groups.page(after, stepOf(list, found.length));
      const records = await this.broker.groups.read(page.places.map(({ id }) => id));
      const taken = take(records, list, found);
      looked += taken;
      left = page.left + page.places.length - taken;
      after = page.places[taken - 1] ?? after;
    } while (left > 0 && found.length < list.limit && looked < MOST_LOOKED);
    return { groups: await this.described(found), cursor: cursorOf(left, after), looked, left };
  }

  /**
   * One batch or flow; undefined when none has this id, or it ended more than a day ago.
   *
   * @example
   * const batch = await inspector.groups.get(id);
   * console.log(batch?.state, batch?.culprit?.error);
   *
   * @throws NestworkError INVALID_TASK_ID
   */
  async get(id: string): Promise<GroupReport | undefined> {
    assertTaskId(id, 'the id of a batch or flow');
    const [record] = await this.broker.groups.read([id]);
    return record && (await this.described([record]))[0];
  }

  /**
   * The tasks of a flow, by their numbers, page by page. Of a batch no list of its tasks is kept.
   *
   * @example
   * for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
   *   const page = await inspector.groups.nodes(id, cursor === undefined ? {} : { cursor });
   *   for (const { number, task, state } of page.nodes) console.log(number, task, state);
   *   cursor = page.cursor;
   * }
   *
   * @throws NestworkError GROUP_UNKNOWN when no flow has this id; INVALID_TASK_ID, INVALID_OPTION
   */
  async nodes(id: string, options: FlowNodeOptions = {}): Promise<FlowNodePage> {
    const { limit, from } = resolveNodes(options);
    await this.record(id, 'flow');
    const { nodes, next } = await this.broker.groups.nodes(id, from, limit);
    const dead = nodes.filter(({ state }) => state === 'dead').slice(0, MOST_DEATHS);
    const deaths = new Map(await Promise.all(dead.map(async (node) => [node.id, await this.deathOf(node)] as const)));
    return { nodes: nodes.map((node) => flowNode(node, deaths.get(node.id))), cursor: nodeCursor(next) };
  }

  /**
   * Cancels a batch or flow, as `Batch.cancel` and `Flow.cancel` do: no task of it starts any more, and the signals of those that run
   * are aborted.
   *
   * @returns whether it was cancelled; false when it has ended, or was cancelled before
   * @example
   * if (!(await inspector.groups.cancel(id, { by: 'anna' }))) console.log('It has ended.');
   *
   * @throws NestworkError GROUP_UNKNOWN, INVALID_TASK_ID, INVALID_OPTION
   */
  async cancel(id: string, options: TaskActionOptions): Promise<boolean> {
    assertKnownOptions(options, ['by'], 'cancel()');
    assertBy(options.by);
    const { kind } = await this.record(id);
    const answer = await this.broker.groups.cancel(id);
    if (answer === 'unknown') throw groupUnknown(kind, id);
    if (answer === 'ended') return false;
    await this.broker.actions.record({ action: `cancel-${kind}`, subject: id, count: 1, by: options.by });
    return true;
  }

  /** @throws NestworkError INVALID_TASK_ID, GROUP_UNKNOWN */
  private async record(id: string, kind?: GroupKind): Promise<GroupRecord> {
    assertTaskId(id, 'the id of a batch or flow');
    const [record] = await this.broker.groups.read([id]);
    if (record && (kind === undefined || record.kind === kind)) return record;
    throw groupUnknown(kind ?? 'batch or flow', id);
  }

  private async described(records: readonly GroupRecord[]): Promise<GroupReport[]> {
    const times = await this.broker.groups.times(records.map(({ id }) => id));
    const none = { filling: false, endedAt: undefined };
    return records.map((record, at) => reportOfGroup(record, times[at] ?? none, this.payloads));
  }

  private async deathOf({ queue, id }: NodeRecord): Promise<DeadTask | undefined> {
    const entry = await this.broker.deadLetters.find(queue, id);
    return entry && new DeadTask(entry, this.payloads);
  }
}

/** How many to read at a time: with a filter more than are wanted. */
function stepOf({ kind, state, limit }: ResolvedGroupList, found: number): number {
  return kind === undefined && state === undefined ? limit - found : STEP;
}

/** Takes those that match, until there are enough. Returns how many it looked at. */
function take(
  records: readonly (GroupRecord | undefined)[],
  { kind, state, limit }: ResolvedGroupList,
  found: GroupRecord[],
): number {
  for (const [at, record] of records.entries()) {
    // one that was forgotten in the meantime
    if (!record) continue;
    if ((kind ?? record.kind) !== record.kind || (state ?? record.state) !== record.state) continue;
    found.push(record);
    if (found.length === limit) return at + 1;
  }
  return records.length;
}

function cursorOf(left: number, after: GroupPlace | undefined): string | undefined {
  return left > 0 && after ? groupCursor(after) : undefined;
}
