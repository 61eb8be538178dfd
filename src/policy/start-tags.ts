import { types } from 'node:util';
import { NestworkError } from '../errors.js';
import { encodeLimitTag, limitKey } from '../message/limit-tag.js';
import { DEFAULT_AGE_MS, encodeOrderTag, fairDigest } from '../message/order-tag.js';
import { type Duration, toMilliseconds } from '../values/duration.js';
import { errorText } from '../values/error-text.js';
import { printable } from '../values/printable.js';
import { listOf, record, text } from '../values/shapes.js';
import { isWellFormed } from '../values/well-formed.js';
import type { KeyFunction, LimitRule } from './limit-options.js';

/** What a sender knows of a limit of a task. */
export type SentLimit = Pick<LimitRule, 'name' | 'keyed'> & Partial<Pick<LimitRule, 'key' | 'onLimit'>>;

/** What a sender knows of when a task may start: from its decorator, or from the catalog, which has no functions. */
export interface SentRules {
  readonly limits: readonly SentLimit[];
  readonly fair?: KeyFunction | true;
  readonly priority: number;
  readonly ageMs: number;
  /** undefined for rules from the catalog */
  readonly where?: string;
}

/** What a call sets of it for itself. */
export interface GivenStart {
  readonly priority?: number;
  readonly age?: Duration;
  readonly limitKeys?: Readonly<Record<string, string>>;
  readonly fairKey?: string;
}

/** One call, for key functions and errors. */
export interface StartingCall {
  readonly task: string;
  /** undefined where no function can be asked: the arguments are not known yet */
  readonly args?: readonly unknown[] | undefined;
  /** which of many calls: `calls[3]` */
  readonly path?: string | undefined;
}

/** The tags that say when a task may start. */
export interface StartTags {
  readonly tags: string;
  /** limit key and key in clear, in turn */
  readonly labels: readonly string[];
}

const START_TAGS = /^(?:[lo][A-Za-z0-9_-]{27})+$/;
const NO_RULES: SentRules = { limits: [], priority: 0, ageMs: DEFAULT_AGE_MS };

/** Of a task that nobody has registered: a call of it counts for what it says itself. */
export const UNREGISTERED: SentRules = { ...NO_RULES };

const MOST_OF_A_KEY = 1_000;

/**
 * The tags of a call for its limits and its order; undefined for most calls, which have none.
 *
 * @throws NestworkError INVALID_LIMIT_KEY, LIMIT_KEY_NEEDED; INVALID_OPTION for what would be ignored: a key of a limit that the task does
 *   not have, a tenant for one that takes no turns, an age without a priority
 */
export function startTags(rules: SentRules | undefined, given: GivenStart, call: StartingCall): StartTags | undefined {
  const { limits, fair, priority, ageMs } = rules === UNREGISTERED ? rulesGiven(given) : (rules ?? NO_RULES);
  assertKnownLimits(limits, given, call);
  if (given.fairKey !== undefined && fair === undefined) throw withoutTurns(call.task);
  if (given.age !== undefined && given.priority === undefined && priority === 0) throw withoutPriority(call.task);
  let tags = '';
  const labels: string[] = [];
  for (const [at, limit] of limits.entries()) {
    const key = limit.keyed ? keyOf(limit, at, { rules, given, call }) : undefined;
    const counted = limitKey(limit.name, key);
    tags += encodeLimitTag(counted);
    if (key !== undefined) labels.push(counted, key);
  }
  const order = {
    priority: given.priority ?? priority,
    ageMs: given.age === undefined ? ageMs : toMilliseconds(given.age, 'age'),
    fair: fair === undefined ? undefined : fairDigest(tenantOf(fair, { rules, given, call })),
  };
  if (order.priority > 0 || order.fair !== undefined) tags += encodeOrderTag(order);
  return tags === '' ? undefined : { tags, labels };
}

/**
 * Whether it can count a limit or a tenant.
 *
 * @param place for the error: `limits[0].key of @Task() on ReportTasks.send`
 * @throws NestworkError INVALID_LIMIT_KEY
 */
export function assertLimitKey(key: unknown, place: string): asserts key is string {
  const fault = faultOf(key);
  if (fault !== undefined) throw invalidKey(`${place} ${fault}`, `Give ${KEY}.`);
}

/** Whether anything that came over a channel or from Redis are such tags. */
export function isStartTags(value: unknown): value is StartTags {
  return record(value) && START_TAGS.test(String(value.tags)) && listOf(text)(value.labels);
}

function rulesGiven({ limitKeys = {}, fairKey }: GivenStart): SentRules {
  const limits = Object.keys(limitKeys).map((name) => ({ name, keyed: true }));
  return { ...NO_RULES, limits, ...(fairKey !== undefined && { fair: true }) };
}

interface Asked {
  readonly rules: SentRules | undefined;
  readonly given: GivenStart;
  readonly call: StartingCall;
}

function keyOf({ name, key }: SentLimit, at: number, asked: Asked): string {
  const { limitKeys = {} } = asked.given;
  // a name such as `constructor` is on every object
  if (Object.hasOwn(limitKeys, name)) return limitKeys[name] as string;
  return computed(key, `limits[${at}].key`, {
    ...asked,
    needed: `the limit "${name}" has keys`,
    option: keysOption(name),
  });
}

function tenantOf(fair: KeyFunction | true, asked: Asked): string {
  if (asked.given.fairKey !== undefined) return asked.given.fairKey;
  const option = "fairKey: 'acme'";
  return computed(fair === true ? undefined : fair, 'fair', { ...asked, needed: 'it takes turns by tenant', option });
}

interface Needed extends Asked {
  readonly needed: string;
  readonly option: string;
}

function computed(key: KeyFunction | undefined, what: string, { rules, call, needed, option }: Needed): string {
  const { task, args, path } = call;
  if (!key || !args) throw keyNeeded(task, needed, { option, isAskable: key === undefined });
  const of = path === undefined ? '' : `, ${path} of task "${printable(task)}"`;
  const place = `${what} of ${rules?.where ?? `task "${printable(task)}"`}${of}`;
  let value: unknown;
  try {
    value = Reflect.apply(key, undefined, args);
  } catch (cause) {
    throw invalidKey(`${place} threw: ${printable(errorText(cause), 500)}`, ['Correct the function.', RETURNED], cause);
  }
  // refused below; a rejection that nobody handles would end the process besides
  if (types.isPromise(value)) value.then(undefined, () => {});
  const fault = faultOf(value);
  if (fault !== undefined) throw invalidKey(`${place} ${fault}`, RETURNED);
  return value as string;
}

const KEY = `a string of 1 to ${MOST_OF_A_KEY} characters that names the customer, account or tenant: an id`;
const RETURNED = `Return ${KEY}.`;

/** Shows nothing of the key: it may be what only few may know. */
function faultOf(key: unknown): string | undefined {
  if (typeof key !== 'string') {
    return `is ${kindOf(key)}, and no string`;
  }
  if (key.length === 0) return 'is empty';
  if (key.length > MOST_OF_A_KEY) return `has ${key.length} characters`;
  // it would count as the same as others
  return isWellFormed(key) ? undefined : 'has a lone surrogate';
}

function kindOf(key: unknown): string {
  if (key === null || key === undefined) return String(key);
  if (types.isPromise(key)) return 'a promise';
  return typeof key === 'object' ? 'an object' : `a ${typeof key}`;
}

function invalidKey(what: string, remedies: string | readonly string[], cause?: unknown): NestworkError {
  return new NestworkError('INVALID_LIMIT_KEY', `${what}.`, remedies, cause === undefined ? undefined : { cause });
}

/** @throws NestworkError INVALID_OPTION: it would be ignored, and the call counted under another key */
function assertKnownLimits(limits: readonly SentLimit[], { limitKeys }: GivenStart, { task }: StartingCall): void {
  if (limitKeys === undefined) return;
  const keyed = limits.filter((limit) => limit.keyed).map(({ name }) => name);
  const unknown = Object.keys(limitKeys).find((name) => !keyed.includes(name));
  if (unknown === undefined) return;
  const found = keyed.length === 0 ? 'It has none.' : `It has: ${keyed.join(', ')}.`;
  throw new NestworkError(
    'INVALID_OPTION',
    `with({ limitKeys }) names "${printable(unknown, 100)}", and task "${printable(task)}" has no limit of this name with keys.`,
    `Name a limit of the task that has keys. ${found}`,
  );
}

function withoutTurns(task: string): NestworkError {
  return new NestworkError(
    'INVALID_OPTION',
    `with({ fairKey }) names a tenant, and task "${printable(task)}" takes no turns by tenant.`,
    'Leave it out, or give the task `fair`: @Task({ fair: (user: User) => user.tenant }).',
  );
}

function withoutPriority(task: string): NestworkError {
  return new NestworkError(
    'INVALID_OPTION',
    `with({ age }) says what a step of priority is worth, and this call of task "${printable(task)}" has no priority.`,
    "Give both: with({ priority: 2, age: '5m' }).",
  );
}

function keyNeeded(
  task: string,
  needed: string,
  { option, isAskable }: { readonly option: string; readonly isAskable: boolean },
): NestworkError {
  return new NestworkError(
    'LIMIT_KEY_NEEDED',
    `A call of task "${printable(task)}" has no key, and ${needed}: nothing was sent.`,
    [
      `Give it: with({ ${option} }).`,
      isAskable
        ? 'Send it by its class, queue.of(ReportTasks): the functions of the decorator compute keys from the arguments.'
        : 'Callbacks of a batch have no arguments when the batch is sent, so no function can be asked.',
    ],
  );
}

function keysOption(name: string): string {
  return `limitKeys: { ${/^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`}: 'acme' }`;
}
