import { limitKeysOf } from './limit-tag.js';
import { type OrderTag, orderTagOf } from './order-tag.js';
import { enqueuedAtOf } from './task-message.js';

/** Where a task with limits, a tenant or a priority waits: in the line of those with the same limits and the same tenant. */
export interface LinePlace {
  readonly name: string;
  /** limit keys, in the order of their declaration */
  readonly limits: readonly string[];
  /** a digest */
  readonly tenant: string | undefined;
  readonly order: Pick<OrderTag, 'priority' | 'ageMs'>;
}

const NO_ORDER: LinePlace['order'] = { priority: 0, ageMs: 0 };

/** By its tags, as lua/lib/lines.lua does; undefined for most messages, which have none of these. */
export function placeInLine(message: string): LinePlace | undefined {
  const limits = limitKeysOf(message);
  const order = orderTagOf(message);
  if (limits.length === 0 && !order) return undefined;
  const name = `${limits.join('')}${order?.fair ?? ''}`;
  return { name: name === '' ? '-' : name, limits, tenant: order?.fair, order: order ?? NO_ORDER };
}

/** What orders the tasks of a line, and lines without tenants, in ms: a priority makes a task older. */
export function turnOf(message: string, { order }: LinePlace): number {
  return Math.max(enqueuedAtOf(message) - order.priority * order.ageMs, 1);
}
