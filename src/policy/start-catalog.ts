import { DEFAULT_AGE_MS } from '../message/order-tag.js';
import { record } from '../values/shapes.js';
import { ON_LIMIT, type OnLimit } from './limit-options.js';
import type { StartRules } from './start-options.js';
import type { SentRules } from './start-tags.js';

/** What the catalog says of when a task may start, for senders that do not have its class: plain data. */
export interface CatalogStart {
  /** in the order of their declaration; a call by name has to give a key for each that is keyed */
  readonly limits?: readonly CatalogLimit[];
  /** it takes turns by tenant; a call by name has to give one */
  readonly fair?: true;
  readonly priority?: { readonly value: number; readonly ageMs: number };
}

/** A limit of a task; without `onLimit` a call waits. */
export interface CatalogLimit {
  readonly name: string;
  readonly keyed: boolean;
  readonly onLimit?: OnLimit;
}

/** Empty for a task that sets none of it. */
export function catalogStart(rules: StartRules | undefined): CatalogStart {
  if (!rules) return {};
  const { limits, fair, priority, ageMs } = rules;
  const isOrdered = priority !== 0 || ageMs !== DEFAULT_AGE_MS;
  return {
    ...(limits.length > 0 && { limits: limits.map(catalogLimit) }),
    ...(fair && { fair: true }),
    ...(isOrdered && { priority: { value: priority, ageMs } }),
  };
}

/** That part of an entry of the catalog, which another version may have written. */
export function readCatalogStart({
  limits,
  fair,
  priority,
}: Readonly<Partial<Record<keyof CatalogStart, unknown>>>): CatalogStart {
  return {
    ...(isLimits(limits) && { limits: limits.map(catalogLimit) }),
    ...(fair === true && { fair }),
    ...(isPriority(priority) && { priority }),
  };
}

/** The rules by which a sender goes that has the catalog alone; undefined for none. */
export function rulesOfCatalog({ limits = [], fair, priority }: CatalogStart): SentRules | undefined {
  if (limits.length === 0 && !fair && !priority) return undefined;
  const { value = 0, ageMs = DEFAULT_AGE_MS } = priority ?? {};
  return { limits, ...(fair && { fair }), priority: value, ageMs };
}

/** Whether a part of an entry is what it has to be. */
export const isCatalogPart = {
  limits: (value: unknown) => value === undefined || isLimits(value),
  fair: (value: unknown) => value === undefined || value === true,
  priority: (value: unknown) => value === undefined || isPriority(value),
};

/** A word that this version does not know makes calls wait: they count for the limit all the same. */
function catalogLimit({ name, keyed, onLimit = 'wait' }: CatalogLimit): CatalogLimit {
  return { name, keyed, ...(onLimit !== 'wait' && ON_LIMIT.includes(onLimit) && { onLimit }) };
}

function isLimits(value: unknown): value is NonNullable<CatalogStart['limits']> {
  const isLimit = (limit: unknown): boolean =>
    record(limit) && typeof limit.name === 'string' && typeof limit.keyed === 'boolean';
  return Array.isArray(value) && value.every(isLimit);
}

function isPriority(value: unknown): value is NonNullable<CatalogStart['priority']> {
  return record(value) && Number.isSafeInteger(value.value) && Number.isSafeInteger(value.ageMs);
}
