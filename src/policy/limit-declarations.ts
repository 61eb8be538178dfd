import { NestworkError } from '../errors.js';
import { nameDigest, nameOfQueueLimit } from '../message/limit-tag.js';
import { flag, optional, record, text } from '../values/shapes.js';
import { type LimitAmounts, type LimitRule, sameDigest } from './limit-options.js';
import type { StartRules } from './start-options.js';

/** A limit as workers declare it in Redis: plain data. */
export interface LimitDeclaration extends LimitAmounts {
  readonly name: string;
  readonly keyed: boolean;
  readonly ordered: boolean;
  /** the queue whose limit it is; undefined for a limit of tasks */
  readonly queue?: string;
}

/** A task, as far as its limits go. */
export interface LimitingTask {
  readonly start?: StartRules | undefined;
}

/** What two declarations of one limit must agree in. */
const COMPARED = ['concurrency', 'intervalUs', 'burst', 'keyed', 'ordered'] as const;
/** As people write them. */
const WRITTEN = { concurrency: 'concurrency', intervalUs: 'rate', burst: 'burst', keyed: 'key', ordered: 'ordered' };

/**
 * All limits of an app, each once.
 *
 * @param queues the limits of its queues
 * @throws NestworkError INVALID_OPTION when two tasks declare one limit differently, or two limits have the same digest
 */
export function declaredLimits(
  tasks: readonly LimitingTask[],
  queues: ReadonlyMap<string, LimitAmounts> = new Map(),
): LimitDeclaration[] {
  const known = new Map<string, Known>();
  const ofQueues = [...queues].map(([queue, amounts]) => {
    const declaration = { name: nameOfQueueLimit(queue), ...amounts, keyed: false, ordered: false, queue };
    return { declaration, where: `queue "${queue}"` };
  });
  const ofTasks = tasks.flatMap(({ start }) => start?.limits.map((rule) => knownOf(rule, start.where)) ?? []);
  for (const one of [...ofQueues, ...ofTasks]) {
    const digest = nameDigest(one.declaration.name);
    const other = known.get(digest);
    if (other) assertSame(other, one);
    else known.set(digest, one);
  }
  return [...known.values()].map(({ declaration }) => declaration);
}

/** Whether anything that came over a channel is a declaration. */
export function isLimitDeclaration(value: unknown): value is LimitDeclaration {
  const amount = optional(Number.isSafeInteger);
  return (
    record(value) &&
    [value.name, value.queue ?? ''].every(text) &&
    [value.concurrency, value.intervalUs, value.burst].every(amount) &&
    [value.keyed, value.ordered].every(flag)
  );
}

interface Known {
  readonly declaration: LimitDeclaration;
  readonly where: string;
}

function knownOf({ key: _key, onLimit: _onLimit, ...declaration }: LimitRule, where: string): Known {
  return { declaration, where };
}

function assertSame(one: Known, other: Known): void {
  const { name } = one.declaration;
  if (name !== other.declaration.name) throw sameDigest(name, other.declaration.name, other.where);
  const differs = COMPARED.find((part) => one.declaration[part] !== other.declaration[part]);
  if (differs === undefined) return;
  throw new NestworkError(
    'INVALID_OPTION',
    `${one.where} and ${other.where} declare the limit "${name}" with a different \`${WRITTEN[differs]}\`.`,
    [
      'Give the limit the same numbers wherever it is declared: keep them in a constant.',
      'If these are two limits, give one of them another name.',
    ],
  );
}
