import type { GroupBroker } from '../broker/port/group-port.js';
import { NestworkError } from '../errors.js';
import { shown } from '../values/shown.js';
import { groupEnded, groupUnknown, notASender } from './group-errors.js';
import { type GroupSender, type MemberCall, memberOf } from './member-call.js';
import { checkedPayload, memberMessage } from './messages.js';
import { persistent } from './persistent.js';

/** Calls of one command: enough to make its cost negligible, and so few that a batch of any length takes little memory. */
const AT_ONCE = 250;
/** Commands under way: Redis works on some while the next are encoded. */
const AHEAD = 3;
/** How often a sender that has nothing to add shows that it is alive, in ms. */
const ALIVE_MS = 60_000;

/**
 * Lists of arguments, from anywhere.
 *
 * @example
 * const calls: Calls<[userId: number]> = [[7], [8]];
 * const many: Calls<[userId: number]> = (async function* () {
 *   yield [7] as [number];
 * })();
 */
export type Calls<Args extends unknown[]> =
  // first, for errors that name the element
  readonly Readonly<Args>[] | Iterable<Readonly<Args>> | AsyncIterable<Readonly<Args>>;

/** Tasks to add to a batch. */
export interface Source {
  readonly sender: GroupSender;
  readonly calls: Calls<unknown[]>;
}

/**
 * Adds calls to a batch, in parts, however many there are. Resolves to how many.
 *
 * @param broker of a batch that is not sealed: shows that its sender is alive, while the source gives nothing
 * @throws NestworkError GROUP_ENDED, GROUP_UNKNOWN; what the source throws; what `delay()` throws
 */
export async function fill(group: string, { sender, calls }: Source, broker?: GroupBroker): Promise<number> {
  const member = memberOf(sender);
  if (!member) throw notASender('add() of a batch', sender);
  assertCalls(calls);
  const alive = broker && setInterval(() => void broker.add(group, 'default', []).catch(() => {}), ALIVE_MS);
  alive?.unref();
  const underWay = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  let count = 0;
  try {
    for await (const part of parts(calls)) {
      if (failure) break;
      const from = count;
      count += part.length;
      const sent: Promise<void> = member(part.length, (call) => addPart(group, call, part, from)).then(
        () => void underWay.delete(sent),
        (error: unknown) => {
          failure ??= { error };
          underWay.delete(sent);
        },
      );
      underWay.add(sent);
      if (underWay.size >= AHEAD) await Promise.race(underWay);
    }
  } finally {
    clearInterval(alive);
    // also when the source fails: nothing is sent after that
    await Promise.all(underWay);
  }
  if (failure) throw failure.error;
  return count;
}

async function addPart(group: string, call: MemberCall, part: readonly unknown[][], from: number) {
  const ids = call.takeIds(part.length);
  const messages: string[] = [];
  const labels: string[] = [];
  for (const [at, args] of part.entries()) {
    const path = `calls[${from + at}]`;
    const checked = checkedPayload(call, args, path);
    const start = call.start(args, path);
    // nothing is awaited without need: there may be a million of them
    const payload = typeof checked === 'string' ? checked : await checked;
    messages.push(memberMessage(call, { id: ids[at] as string, payload, start: start?.tags }, group));
    if (start) labels.push(...start.labels);
  }
  const { due } = call;
  const added = await persistent(() => call.groups.add(group, call.queue, messages, { due, labels }));
  if (added !== 'added') throw added === 'ended' ? groupEnded('batch', group) : groupUnknown('batch', group);
  return ids.map((id) => ({ id, queue: call.queue, added: true }));
}

async function* parts(calls: Calls<unknown[]>): AsyncGenerator<unknown[][]> {
  let part: unknown[][] = [];
  let number = 0;
  /** Returns the part once it is full. */
  const take = (args: unknown): unknown[][] | undefined => {
    if (!Array.isArray(args)) throw notArguments(number, args);
    number += 1;
    // a source may give the same list again, with other arguments
    part.push([...args]);
    if (part.length < AT_ONCE) return undefined;
    const full = part;
    part = [];
    return full;
  };
  if (Symbol.asyncIterator in calls) {
    for await (const args of calls) {
      const full = take(args);
      if (full) yield full;
    }
  } else {
    // nothing is awaited for each of a million
    for (const args of calls) {
      const full = take(args);
      if (full) yield full;
    }
  }
  if (part.length > 0) yield part;
}

/** @throws NestworkError INVALID_OPTION */
export function assertCalls(calls: unknown): void {
  const isList =
    typeof calls === 'object' && calls !== null && (Symbol.iterator in calls || Symbol.asyncIterator in calls);
  if (isList) return;
  throw new NestworkError('INVALID_OPTION', `add() of a batch got ${shown(calls)} in place of a list of calls.`, [
    'Give a list of lists, or an iterable or async iterable of lists: [[1], [2]].',
  ]);
}

function notArguments(call: number, value: unknown): NestworkError {
  return new NestworkError(
    'INVALID_OPTION',
    `add() got ${shown(value)} at calls[${call}], which is no list of arguments.`,
    ['Give a list for each call, also for a single argument: [[1], [2]].'],
  );
}
