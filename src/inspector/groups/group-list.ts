import type { GroupKind, GroupPlace, GroupState } from '../../broker/port/group-port.js';
import { isTaskId } from '../../message/task-id.js';
import { assertKnownOptions } from '../../values/known-options.js';
import { assertWhole, invalid } from '../../values/option-values.js';
import { shown } from '../../values/shown.js';
import { encoded, fieldsOf } from '../tasks/task-list-options.js';
import type { FlowNode, GroupReport } from './group-report.js';

/**
 * Which batches and flows to list, and how many.
 *
 * @example
 * const options: GroupListOptions = { kind: 'flow', state: 'failed', limit: 20 };
 * const { groups } = await inspector.groups.list(options);
 */
export interface GroupListOptions {
  /**
   * Only batches, or only flows.
   * @default both
   */
  kind?: GroupKind;
  /**
   * Only those in this state, such as `'failed'`.
   * @default all
   */
  state?: GroupState;
  /**
   * How many at most, 1 to 1,000.
   * @default 50
   */
  limit?: number;
  /**
   * The `cursor` of the page before.
   * @default from the latest on
   */
  cursor?: string;
}

/**
 * One part of a list of batches and flows, those first that were opened last.
 *
 * @example
 * const { looked, left, cursor }: GroupPage = await inspector.groups.list({ state: 'failed' });
 * if (cursor !== undefined) console.log(`Looked at ${looked}, ${left} are left.`);
 */
export interface GroupPage {
  /** those that match */
  readonly groups: readonly GroupReport[];
  /** where to go on; undefined when all were looked at. A page with fewer than `limit` may have one: each call looks at 2,000 */
  readonly cursor: string | undefined;
  /** how many were looked at for this page */
  readonly looked: number;
  /** how many are left to look at */
  readonly left: number;
}

/**
 * Which tasks of a flow to read.
 *
 * @example
 * const options: FlowNodeOptions = { limit: 1_000 };
 * const { nodes } = await inspector.groups.nodes(id, options);
 */
export interface FlowNodeOptions {
  /**
   * How many at most, 1 to 1,000.
   * @default 100
   */
  limit?: number;
  /**
   * The `cursor` of the page before.
   * @default from the first task on
   */
  cursor?: string;
}

/**
 * One part of the tasks of a flow, by their numbers.
 *
 * @example
 * const { nodes, cursor }: FlowNodePage = await inspector.groups.nodes(id);
 */
export interface FlowNodePage {
  /** the tasks */
  readonly nodes: readonly FlowNode[];
  /** where to go on; undefined at the end */
  readonly cursor: string | undefined;
}

const KINDS: readonly GroupKind[] = ['batch', 'flow'];
export const GROUP_STATES: readonly GroupState[] = ['open', 'failed', 'done', 'cancelled', 'expired', 'abandoned'];
const MOST = 1_000;
const NODE_CURSOR = /^node-(\d{1,9})$/;

/** A list that was checked. */
export interface ResolvedGroupList extends Pick<GroupListOptions, 'kind' | 'state'> {
  readonly limit: number;
  readonly after: GroupPlace | undefined;
}

/** @throws NestworkError INVALID_OPTION */
export function resolveGroupList(options: GroupListOptions): ResolvedGroupList {
  assertKnownOptions(options, ['kind', 'state', 'limit', 'cursor'], 'groups.list()');
  const { kind, state, limit = 50, cursor } = options;
  if (kind !== undefined && !KINDS.includes(kind))
    throw invalid('kind', `is ${shown(kind)}`, "Give 'batch' or 'flow', or leave it out for both.");
  if (state !== undefined && !GROUP_STATES.includes(state))
    throw invalid('state', `is ${shown(state)}`, `Give one of: ${GROUP_STATES.join(', ')}.`);
  assertWhole('limit', limit, MOST);
  return {
    limit,
    after: cursor === undefined ? undefined : placeOf(cursor),
    ...(kind && { kind }),
    ...(state && { state }),
  };
}

/** @throws NestworkError INVALID_OPTION */
export function resolveNodes(options: FlowNodeOptions): { readonly limit: number; readonly from: number } {
  assertKnownOptions(options, ['limit', 'cursor'], 'groups.nodes()');
  const { limit = 100, cursor } = options;
  assertWhole('limit', limit, MOST);
  if (cursor === undefined) return { limit, from: 0 };
  const [, from] = (typeof cursor === 'string' && NODE_CURSOR.exec(cursor)) || [];
  if (from === undefined)
    throw invalid('cursor', 'was not returned by nodes()', 'Pass the `cursor` of the page before as it is.');
  return { limit, from: Number(from) };
}

export function nodeCursor(next: number | undefined): string | undefined {
  return next === undefined ? undefined : `node-${next}`;
}

export function groupCursor({ id, at }: GroupPlace): string {
  return encoded([id, at]);
}

function placeOf(cursor: string): GroupPlace {
  const [id, at] = fieldsOf(cursor);
  if (isTaskId(id) && typeof at === 'number' && Number.isFinite(at)) return { id, at };
  throw invalid('cursor', 'was not returned by list()', 'Pass the `cursor` of the page before as it is.');
}
