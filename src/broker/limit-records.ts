import { limitKey, nameDigest } from '../message/limit-tag.js';
import { record } from '../values/shapes.js';
import type { LimitDeclaration } from './port/broker.js';
import type { LimitBounds } from './port/limit-rules-port.js';

/** Stands for no bound. */
export const NONE = '-';
/** `<most> <interval in us> <burst> <ordered> <JSON>` */
const DECLARATION = /^(\S+) (\S+) (\d+) ([01]) (\{.*)$/s;

/**
 * A declared limit as `limits` has it: what is allowed, and JSON for people. Scripts read the four words in front.
 *
 * @param at when it was declared: a repeated declaration is another value, which nobody forgets by mistake
 */
export function encodeLimit(
  { name, concurrency, intervalUs, burst, keyed, ordered, queue }: LimitDeclaration,
  at: number,
): string {
  const about = JSON.stringify({ name, keyed, ...(queue !== undefined && { queue }), at });
  return `${concurrency ?? NONE} ${intervalUs ?? NONE} ${burst ?? 1} ${ordered ? 1 : 0} ${about}`;
}

/** Fields and values of `limits` and of `gates`, for a session that declares these now. */
export function declaredIn(limits: readonly LimitDeclaration[]): { declared: string[]; gated: string[] } {
  const now = Date.now();
  return {
    declared: limits.flatMap((limit) => [nameDigest(limit.name), encodeLimit(limit, now)]),
    gated: limits.flatMap(({ queue, name }) => (queue === undefined ? [] : [queue, limitKey(name)])),
  };
}

/** A declared limit, without its name. */
export interface Declared {
  readonly bounds: LimitBounds;
  readonly keyed: boolean;
  readonly ordered: boolean;
  readonly queue: string | undefined;
}

/** Undefined for none, and for what a newer version or another program has written. */
export function declarationIn(entry: string | null | undefined): Declared | undefined {
  const [, most = '', interval = '', burst = '', ordered, json = ''] = DECLARATION.exec(entry ?? '') ?? [];
  if (most === '') return undefined;
  const { keyed, queue } = aboutIn(json);
  const [mostIn, intervalUs] = [most, interval].map((word) => (word === NONE ? undefined : Number(word)));
  return {
    bounds: { most: mostIn, intervalUs, burst: intervalUs === undefined ? undefined : Number(burst) },
    keyed: keyed === true,
    ordered: ordered === '1',
    queue: typeof queue === 'string' ? queue : undefined,
  };
}

/** What stands behind the numbers of an entry, for people; nothing where that is damaged: a limit holds by its numbers. */
export function aboutIn(json: string): Partial<Record<string, unknown>> {
  try {
    const about: unknown = JSON.parse(json);
    return record(about) ? about : {};
  } catch {
    return {};
  }
}

/** The name of the limit in any entry of it. */
export function nameIn(entry: string | null | undefined): string | undefined {
  const { name } = aboutIn(/\{.*$/s.exec(entry ?? '')?.[0] ?? '');
  return typeof name === 'string' ? name : undefined;
}
