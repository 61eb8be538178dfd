import { usageError } from '../../terminal/usage.js';
import { quoted } from '../../values/shell-word.js';
import type { LimitReport } from './limit-report.js';

/** The options of a command about one limit, as they were given. */
interface GivenScope {
  readonly key?: string | undefined;
  readonly allKeys?: boolean | undefined;
}

/** Errors of the API name its options; a person on the command line has flags. */
type Limit = Pick<LimitReport, 'name' | 'keyed'>;

/** @throws NestworkError INVALID_USAGE */
export function assertScope({ name, keyed }: Limit, { key, allKeys }: GivenScope): void {
  if (key !== undefined && allKeys) throw usageError('--all-keys is given beside --key.', 'Give one of them.');
  if (!keyed) {
    const given = key !== undefined ? '--key' : allKeys ? '--all-keys' : undefined;
    if (given !== undefined) throw withoutKeys(name, given);
  } else if (key === undefined && !allKeys) {
    throw usageError(`The limit ${quoted(name)} has keys, and none is given.`, [
      'Name one: --key acme.',
      'Or give --all-keys, for all that have nothing of their own.',
      `nestwork limits show ${quoted(name)} --keys lists those that are in use.`,
    ]);
  }
}

/** What `show` is asked for. @throws NestworkError INVALID_USAGE */
export function assertShown(
  { name, keyed }: Limit,
  { key, keys }: { readonly key: string | undefined; readonly keys: boolean },
): void {
  if (keyed) return;
  if (keys) throw withoutKeys(name, '--keys');
  if (key !== undefined) throw withoutKeys(name, '--key');
}

/** @throws NestworkError INVALID_USAGE */
export function assertPage(keys: boolean, key: string | undefined, page: object): void {
  if (keys && key !== undefined) throw usageError('--keys is given beside --key.', 'Leave one of them out.');
  const [given] = Object.keys(page);
  if (!keys && given !== undefined)
    throw usageError(`--${given} is given without --keys.`, 'Add --keys, or leave it out.');
}

/** What `set` is to change. @throws NestworkError INVALID_USAGE */
export function assertChange({
  concurrency,
  rate,
  burst,
  for: time,
}: {
  /** null for any number, as that of `rate` */
  readonly concurrency?: number | null | undefined;
  readonly rate?: string | null | undefined;
  readonly burst?: number | undefined;
  readonly for: string | undefined;
}): void {
  if (burst !== undefined && (rate === undefined || rate === null))
    throw usageError('--burst is given without a rate.', 'Give both: --rate 200/s --burst 400.');
  if (concurrency === undefined && rate === undefined) {
    throw usageError('Neither --concurrency nor --rate is given: nothing would change.', [
      'Give one of them, or both: --rate 200/s.',
      'nestwork limits reset ends what was set.',
    ]);
  }
  if (time === '0ms')
    throw usageError('--for is 0.', 'Give a longer time, or leave it out: then it lasts until a reset.');
}

/** @throws NestworkError INVALID_USAGE */
export function assertOrdered(
  { name, ordered }: Pick<LimitReport, 'name' | 'ordered'>,
  concurrency: number | null | undefined,
): void {
  if (!ordered || concurrency === undefined || (concurrency !== null && concurrency <= 1)) return;
  const what = `--concurrency is ${concurrency ?? 'none'}, and the limit ${quoted(name)} keeps the order of its tasks.`;
  throw usageError(what, 'Give 0 or 1.');
}

function withoutKeys(name: string, option: string): Error {
  return usageError(`The limit ${quoted(name)} has no keys, and ${option} is given.`, 'Leave it out.');
}
