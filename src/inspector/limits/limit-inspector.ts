import type { Action, ActionName } from '../../broker/port/action-port.js';
import type { AppBroker } from '../../broker/port/broker.js';
import type { HeldSlots, LimitRecord } from '../../broker/port/limit-rules-port.js';
import { NestworkError } from '../../errors.js';
import { nameOfQueueLimit, queueOfLimit } from '../../message/limit-tag.js';
import { didYouMean } from '../../values/did-you-mean.js';
import { invalid } from '../../values/option-values.js';
import { printable } from '../../values/printable.js';
import { quoted } from '../../values/shell-word.js';
import { shown } from '../../values/shown.js';
import type { KnownQueues } from '../queues/known-queues.js';
import {
  assertLimitKey,
  type LimitChange,
  type LimitKeyListOptions,
  type LimitKeyPage,
  type LimitListOptions,
  type LimitPage,
  type LimitResetOptions,
  type LimitScope,
  type LimitSetOptions,
  limitCursor,
  limitKeyCursor,
  resolveChange,
  resolveLimitKeys,
  resolveLimitList,
  resolveReset,
  resolveSetOptions,
} from './limit-options.js';
import {
  type LimitKeyReport,
  type LimitReport,
  type LimitReset,
  type LimitSetReport,
  reportOfKey,
  reportOfLimit,
  resetReport,
  setReport,
} from './limit-report.js';
import { resetDetails, setDetails } from './limit-text.js';

/** What a change of a limit goes by. */
export type ChangeableLimit = Pick<LimitRecord, 'name' | 'keyed' | 'ordered' | 'declared'>;

type LimitsBroker = Pick<AppBroker, 'limitRules' | 'actions'>;

/**
 * Looks at limits, and changes them while apps run. What is set lies beside the declaration, holds in the whole cluster at once, and outlives
 * deployments. Tasks that run go on, also when a limit becomes lower than their number.
 *
 * All methods reject with REDIS_UNAVAILABLE or REDIS_TIMEOUT when Redis does not answer.
 *
 * @example
 * const inspector = await createInspector();
 * await inspector.limits.set('stripe', { key: 'acme', rate: '200/s' }, { for: '1d', by: 'anna' });
 */
export class LimitInspector {
  /** @internal */
  constructor(
    private readonly broker: LimitsBroker,
    private readonly queues: Pick<KnownQueues, 'all'>,
  ) {}

  /** The names of all limits that workers declare, or for which something is set. */
  async names(): Promise<readonly string[]> {
    return this.broker.limitRules.names();
  }

  /**
   * The limits by name, page by page: what is declared, what is set, and how much of it is used.
   *
   * @example
   * const { limits } = await inspector.limits.list();
   * for (const { name, used, concurrency, rate } of limits) console.log(name, used, concurrency, rate);
   *
   * @throws NestworkError INVALID_OPTION
   */
  async list(options: LimitListOptions = {}): Promise<LimitPage> {
    const { limit, after } = resolveLimitList(options);
    const { limitRules } = this.broker;
    const rest = (await limitRules.names()).filter((name) => name > after);
    const names = rest.slice(0, limit);
    const last = names.at(-1);
    // one that was forgotten in the meantime is none
    const records = (await limitRules.read(names)).filter((record) => record !== undefined);
    return {
      limits: await this.reports(records),
      cursor: last === undefined || rest.length === names.length ? undefined : limitCursor(last),
    };
  }

  /**
   * One limit.
   *
   * @example
   * const { declared, override } = await inspector.limits.get('stripe');
   *
   * @throws NestworkError UNKNOWN_LIMIT
   */
  async get(name: string): Promise<LimitReport> {
    const [report] = (await this.reports([await this.known(name)])) as [LimitReport];
    return report;
  }

  /**
   * The keys of a limit that are held or waited for, or have something of their own, page by page.
   *
   * @example
   * const { keys } = await inspector.limits.keys('stripe');
   * for (const { key, digest, used, waitingLines } of keys) console.log(key ?? digest, used, waitingLines);
   *
   * @throws NestworkError UNKNOWN_LIMIT; INVALID_OPTION, also for a limit without keys
   */
  async keys(name: string, options: LimitKeyListOptions = {}): Promise<LimitKeyPage> {
    const { limit, from } = resolveLimitKeys(options);
    assertKeyed(await this.known(name));
    const { keys, next } = await this.broker.limitRules.keys(name, from, limit);
    return { keys: keys.map(reportOfKey), cursor: next && limitKeyCursor(next) };
  }

  /**
   * One key of a limit, also one that nobody holds.
   *
   * @example
   * const { used, rate } = await inspector.limits.key('stripe', 'acme');
   *
   * @throws NestworkError UNKNOWN_LIMIT; INVALID_OPTION, also for a limit without keys
   */
  async key(name: string, key: string): Promise<LimitKeyReport> {
    assertLimitKey(key);
    assertKeyed(await this.known(name));
    return reportOfKey(await this.broker.limitRules.key(name, key));
  }

  /**
   * Sets what a limit allows, or one of its keys, in place of what is declared and of all that was set before. Tasks that wait for it go on
   * at once if they may. What a task has stopped stays so.
   *
   * A queue that workers serve can get a limit that no app declares: `queue mail`, until it is reset or its time is over. It counts the tasks
   * that start from then on.
   *
   * @returns what was set, and what that replaces; after lost replies of Redis it may be unknown what was replaced
   * @example
   * await inspector.limits.set('stripe', { key: 'acme', rate: '200/s' }, { for: '1d' });
   * await inspector.limits.set('exports', { concurrency: 0 }, { by: 'anna' });
   *
   * @throws NestworkError UNKNOWN_LIMIT; INVALID_DURATION; INVALID_OPTION, also for a key of a limit without keys, and for a limit with
   *   keys without `key` or `allKeys`
   */
  async set(name: string, change: LimitChange, options: LimitSetOptions = {}): Promise<LimitSetReport> {
    const { key, allKeys, ...override } = resolveChange(change);
    const { forMs, by } = resolveSetOptions(options);
    const { keyed, ordered } = await this.inScope(name, { key, allKeys });
    if (ordered && (override.most === null || (override.most ?? 0) > 1)) {
      throw invalid('concurrency', `is ${shown(override.most)}`, `Give 0 or 1: the limit "${name}" keeps the order.`);
    }
    const set = await this.broker.limitRules.set({ ...override, name, keyed, key, forMs, by });
    const report = setReport(set);
    await this.record('set-limit', { name, key, by, details: setDetails(report) });
    return report;
  }

  /**
   * Ends what was set for a limit, or for one of its keys, and lifts the stop by a task that threw `RetryTask({ in, limit })`: it is as
   * declared again. Tasks that wait for it go on at once; the task that stopped it comes at its own time. With `allKeys` single keys keep
   * what is set for them, and their stops.
   *
   * @returns what has ended; undefined if nothing was set and no task had stopped it
   * @example
   * const reset = await inspector.limits.reset('stripe', { key: 'acme', by: 'anna' });
   * if (reset?.stoppedUntil) console.log(`It was stopped until ${reset.stoppedUntil.toISOString()}.`);
   *
   * @throws NestworkError UNKNOWN_LIMIT; INVALID_OPTION, as `set()`
   */
  async reset(name: string, options: LimitResetOptions = {}): Promise<LimitReset | undefined> {
    const { by, ...scope } = resolveReset(options);
    await this.inScope(name, scope);
    const reset = resetReport(await this.broker.limitRules.reset(name, scope.key));
    if (reset) await this.record('reset-limit', { name, key: scope.key, by, details: resetDetails(reset) });
    return reset;
  }

  private async reports(records: readonly LimitRecord[]): Promise<LimitReport[]> {
    const keyed = records.filter((record) => record.keyed).map(({ name }) => name);
    const held = keyed.length > 0 ? await this.broker.limitRules.held(keyed) : NO_SLOTS;
    return records.map((record) => reportOfLimit(record, held));
  }

  private record(
    action: ActionName,
    {
      name,
      key,
      ...rest
    }: Pick<Action, 'by' | 'details'> & { readonly name: string; readonly key: string | undefined },
  ): Promise<void> {
    const subject = key === undefined ? name : `${name} ${key}`;
    return this.broker.actions.record({ action, subject, count: 1, ...rest });
  }

  private async known(name: string): Promise<LimitRecord> {
    const record = await this.recordOf(name);
    if (record) return record;
    await this.changeable(name);
    throw withoutLimit(name);
  }

  private async recordOf(name: string): Promise<LimitRecord | undefined> {
    return typeof name === 'string' ? (await this.broker.limitRules.read([name]))[0] : undefined;
  }

  /**
   * A limit for which something may be set: also that of a queue without one.
   *
   * @internal
   */
  async changeable(name: string): Promise<ChangeableLimit> {
    const record = await this.recordOf(name);
    if (record) return record;
    const queues = await this.queues.all();
    const queue = typeof name === 'string' ? queueOfLimit(name) : undefined;
    if (queue !== undefined && queues.includes(queue))
      return { name, keyed: false, ordered: false, declared: undefined };
    throw unknownLimit(name, [...(await this.broker.limitRules.names()), ...queues.map(nameOfQueueLimit)]);
  }

  /** A limit, if the scope fits it: a key or all keys of one with keys, none of one without. */
  private async inScope(name: string, { key, allKeys = false }: LimitScope): Promise<ChangeableLimit> {
    const record = await this.changeable(name);
    if (key !== undefined) assertKeyed(record);
    else if (!record.keyed && allKeys) throw withoutKeys('allKeys', name);
    else if (record.keyed && !allKeys) {
      throw invalid('key', `is missing: the limit "${name}" has keys`, [
        "Give one: { key: 'acme' }.",
        'Or { allKeys: true }, for all keys that have nothing of their own.',
      ]);
    }
    return record;
  }
}

/** Of limits without keys none is read. */
const NO_SLOTS: HeldSlots = { byName: new Map(), isWhole: true };

function assertKeyed({ name, keyed }: Pick<LimitRecord, 'name' | 'keyed'>): void {
  if (!keyed) throw withoutKeys('key', name);
}

function withoutKeys(option: string, name: string): NestworkError {
  return invalid(option, `is given, and the limit "${name}" has no keys`, 'Leave it out.');
}

/** Of a queue that workers serve. */
function withoutLimit(name: string): NestworkError {
  return new NestworkError('UNKNOWN_LIMIT', `The ${printable(name)} has no limit.`, [
    `Give it one while apps run: limits.set(), or nestwork limits set ${quoted(printable(name))} --rate 20/s.`,
    "Or declare one: queues: [{ name, limit: { rate: '20/s' } }].",
  ]);
}

function unknownLimit(given: string, known: readonly string[]): NestworkError {
  const name = printable(typeof given === 'string' ? given : shown(given));
  // a person who knows the queue gives its name
  const meant = known.find((one) => one === nameOfQueueLimit(given)) ?? didYouMean(name, known);
  const hint = meant === undefined ? '' : ` Did you mean ${quoted(printable(meant))}?`;
  return new NestworkError('UNKNOWN_LIMIT', `No limit ${name} is known.${hint}`, [
    'nestwork limits ls lists the limits; that of a queue is named `queue mail`.',
    'A worker that declares it must have started in this namespace: check its name, and the address of Redis.',
  ]);
}
