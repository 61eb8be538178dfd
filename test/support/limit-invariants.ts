import type { Redis } from 'ioredis';
import { HEADER_LENGTH, TAG_LENGTH, tagLetters } from '../../src/message/tags.js';

const WAITS = 1e15;
const TAGS = 4e15;
const LISTED = 8e15;
const BEHIND = 8.5e15;
const NO_TENANT = '-'.repeat(20);
/** Bytes of others have no tags. */
const HEADER = /^[0-9a-z]{20}1[0-9a-z]{13}/;
const ENTRY = /^([\w-]+) (\d{13})(?=.)/s;
const WAITER = /^(.{27})(\S+) ([af])\d{13} (\S+)$/;

/** A message in some place that is not among the dead: `held:<queue>`, `claims:<child>` and so on. */
export interface LivingMessage {
  readonly where: string;
  readonly message: string;
}

/** A line that is there: what its state in `ready:` says. */
interface Line {
  readonly queue: string;
  readonly line: string;
  readonly state: number;
}

/** The message of an entry of `held:<queue>`. */
export function messageInLine(entry: string): string {
  return entry.replace(ENTRY, '');
}

/** The limits of the tags of a message with these letters. */
export function limitsIn(message: string, letters: string): string[] {
  if (!HEADER.test(message)) return [];
  return [...tagLetters(message)].flatMap((letter, index) => {
    const at = HEADER_LENGTH + TAG_LENGTH * index;
    return letters.includes(letter) ? [message.slice(at + 1, at + TAG_LENGTH)] : [];
  });
}

/** The queues whose lines or list may be given to a child, and that do not wait as a whole for their limit. */
export async function queuesWithReadyLines(redis: Redis, tag: string): Promise<string[]> {
  const shut = await queuesThatWait(redis, tag);
  const ready = (await linesOf(redis, tag)).filter(({ state }) => state < WAITS).map(({ queue }) => queue);
  return [...new Set(ready)].filter((queue) => !shut.has(queue));
}

/** The queues that wait as a whole: the script that frees their limit rings for them. */
export async function queuesThatWait(redis: Redis, tag: string): Promise<Set<string>> {
  const waiters = await redis.zrange(`${tag}waiters`, '0', '-1');
  return new Set(waiters.flatMap((waiter) => (waiter.endsWith(' *') ? [WAITER.exec(waiter)?.[2] ?? ''] : [])));
}

/**
 * Lines and limits: a task lies in its own line, which has a state while it has a task; a line that waits has one entry in `waiters`, and no
 * other is there; a limit is held by exactly the tasks that have it; nobody waits for a limit that is free and that nobody looks after; keys in
 * clear are those of tasks that are there. Returns what does not hold.
 *
 * @param living every message in a queue, on a schedule or among claims
 */
export async function brokenLimits(redis: Redis, tag: string, living: readonly LivingMessage[]): Promise<string[]> {
  const lines = await linesOf(redis, tag);
  const slots = await redis.hgetall(`${tag}slots`);
  const labels = await redis.hkeys(`${tag}limit-labels`);
  const waiters = await redis.zrange(`${tag}waiters`, '0', '-1');
  return [
    ...(await brokenLines(redis, tag, lines)),
    ...(await brokenMarks(redis, tag, lines)),
    ...brokenWaiters(lines, waiters),
    ...brokenSlots(slots, living),
    ...(await forgottenWaiters(redis, tag, lines, waiters, slots)),
    ...labels
      .filter((limit) => !living.some(({ message }) => limitsIn(message, 'lL').includes(limit)))
      .map((limit) => `the key of ${limit} is kept in clear, and no task has it`),
  ];
}

async function linesOf(redis: Redis, tag: string): Promise<Line[]> {
  const lines: Line[] = [];
  for (const key of await redis.keys(`${tag}ready:*`)) {
    const queue = key.slice(`${tag}ready:`.length);
    const flat = await redis.zrange(key, '0', '-1', 'WITHSCORES');
    for (let i = 0; i < flat.length; i += 2) {
      const line = flat[i] ?? '';
      if (!/^[~=]/.test(line)) lines.push({ queue, line, state: Number(flat[i + 1]) });
    }
  }
  return lines;
}

async function brokenLines(redis: Redis, tag: string, lines: readonly Line[]): Promise<string[]> {
  const broken: string[] = [];
  const withTasks = new Set<string>();
  for (const key of await redis.keys(`${tag}held:*`)) {
    const queue = key.slice(`${tag}held:`.length);
    const heads = new Map<string, string>();
    for (const entry of await redis.zrange(key, '0', '-1')) {
      const message = messageInLine(entry);
      const expected = `${lineOf(message)} ${turnOf(message)}${message}`;
      if (entry !== expected) broken.push(`held:${queue} has ${entry} in place of ${expected}`);
      const line = entry.slice(0, entry.indexOf(' '));
      withTasks.add(`${queue} ${line}`);
      if (!heads.has(line)) heads.set(line, entry);
    }
    for (const { queue: of, line, state } of lines) {
      const head = heads.get(line);
      if (of !== queue || head === undefined || line.length % 27 === 20) continue;
      const turn = Number(head.slice(line.length + 1, line.length + 14));
      const order = state < WAITS ? state : Math.floor((state - WAITS) / 4);
      if (order !== turn) broken.push(`the line ${line} of ${queue} has the order ${order}, and its head ${turn}`);
    }
  }
  const known = new Set(lines.map(({ queue, line }) => `${queue} ${line}`));
  for (const { queue, line, state } of await marksOf(redis, tag)) if (state >= BEHIND) known.add(`${queue} ${line}`);
  for (const line of withTasks) if (!known.has(line)) broken.push(`a task waits in ${line}, which has no state`);
  for (const line of known) if (!withTasks.has(line)) broken.push(`the line ${line} has a state, and no task`);
  for (const key of await redis.keys(`${tag}ready:*`)) {
    const queue = key.slice(`${tag}ready:`.length);
    const isMarked = (await marksOf(redis, tag)).some((mark) => mark.queue === queue);
    if (!isMarked && (await redis.exists(`${tag}held:${queue}`)) === 0) broken.push(`${key} is there without a task`);
  }
  return broken;
}

/** Whether tasks can wait there: others may have written tags that are none. */
function isLine(line: string): boolean {
  return /^[\w-]{20,}$/.test(line) && line.length <= 4 * 27 + 20;
}

/** What `ready:` has for lines of which a task lies in the list. */
async function marksOf(redis: Redis, tag: string): Promise<Line[]> {
  const marks: Line[] = [];
  for (const key of await redis.keys(`${tag}ready:*`)) {
    const flat = await redis.zrangebyscore(key, LISTED, '+inf', 'WITHSCORES');
    for (let i = 0; i < flat.length; i += 2)
      marks.push({
        queue: key.slice(`${tag}ready:`.length),
        line: flat[i]?.slice(1) ?? '',
        state: Number(flat[i + 1]),
      });
  }
  return marks;
}

/** A task with limits lies in a list alone and with its mark; tasks behind it came later, and their line has no state. */
async function brokenMarks(redis: Redis, tag: string, lines: readonly Line[]): Promise<string[]> {
  const broken: string[] = [];
  const marks = await marksOf(redis, tag);
  const listed = new Map<string, number>();
  for (const key of await redis.keys(`${tag}queue:*`)) {
    const queue = key.slice(`${tag}queue:`.length);
    for (const message of await redis.lrange(key, 0, -1)) {
      if (!isLine(lineOf(message))) continue;
      const at = `${queue} ${lineOf(message)}`;
      if (limitsIn(message, 'Lo').length > 0) broken.push(`${message} lies in the list of ${queue}`);
      if (listed.has(at)) broken.push(`two tasks of the line ${at} lie in the list`);
      listed.set(at, Number(turnOf(message)));
    }
  }
  for (const { queue, line, state } of marks) {
    const at = `${queue} ${line}`;
    const turn = listed.get(at);
    if (turn !== state - (state >= BEHIND ? BEHIND : LISTED))
      broken.push(`the mark of ${at} is of ${state}, its task of ${turn}`);
    listed.delete(at);
    const [head] = await redis.zrangebylex(`${tag}held:${queue}`, `[${line} `, `(${line}!`, 'LIMIT', 0, 1);
    const isBehind = head !== undefined && Number(head.slice(line.length + 1, line.length + 14)) >= (turn ?? 0);
    if (isBehind !== state >= BEHIND) broken.push(`the mark of ${at} is of ${state}, and its first task ${head}`);
    const hasState = lines.some((one) => one.queue === queue && one.line === line);
    if (hasState !== (head !== undefined && !isBehind))
      broken.push(`the line ${at} has a mark, and its state does not fit`);
  }
  return [...broken, ...[...listed.keys()].map((at) => `a task of ${at} lies in the list without a mark`)];
}

/** The entry of a line that waits; undefined for one that may start. */
function waiterOf({ queue, line, state }: Line): string | undefined {
  if (state < WAITS || state >= TAGS) return undefined;
  const index = (state - WAITS) % 4;
  const order = (state - WAITS - index) / 4;
  const kind = line.length % 27 === 20 ? 'f' : 'a';
  return `${line.slice(27 * index, 27 * index + 27)}${queue} ${kind}${String(order).padStart(13, '0')} ${line}`;
}

function brokenWaiters(lines: readonly Line[], waiters: readonly string[]): string[] {
  const expected = lines.map(waiterOf).filter((waiter) => waiter !== undefined);
  const found = waiters.filter((waiter) => !waiter.endsWith(' *'));
  return [
    ...expected.filter((waiter) => !found.includes(waiter)).map((waiter) => `a line waits without its entry ${waiter}`),
    ...found.filter((waiter) => !expected.includes(waiter)).map((waiter) => `no line waits for the entry ${waiter}`),
  ];
}

function brokenSlots(slots: Readonly<Record<string, string>>, living: readonly LivingMessage[]): string[] {
  const held = new Map<string, number>();
  for (const { where, message } of living) {
    for (const limit of limitsIn(message, where.startsWith('claims:') ? 'lLq' : 'L')) {
      held.set(limit, (held.get(limit) ?? 0) + 1);
    }
  }
  return [...new Set([...held.keys(), ...Object.keys(slots)])]
    .filter((limit) => slots[limit] !== (held.has(limit) ? String(held.get(limit)) : undefined))
    .map((limit) => `${limit} is held ${slots[limit] ?? 0} times, and ${held.get(limit) ?? 0} tasks have it`);
}

/**
 * Nobody waits for what is free: a limit that is waited for is full, or a promoter will look after it, or a line that it lets start is
 * ready in that queue.
 */
async function forgottenWaiters(
  redis: Redis,
  tag: string,
  lines: readonly Line[],
  waiters: readonly string[],
  slots: Readonly<Record<string, string>>,
): Promise<string[]> {
  const paced = await redis.zrange(`${tag}paced`, '0', '-1');
  const rules = await redis.hgetall(`${tag}limits`);
  const broken: string[] = [];
  for (const waiter of waiters) {
    const [, limit = '', queue, kind] = WAITER.exec(waiter) ?? [];
    const name = limit.slice(0, 6);
    // the end of what was set for it is due, too, until a promoter comes
    const looks = [limit, `!${name}!`, `!${limit}!`, `!${limit}.`];
    const isPaced = paced.some((entry) => looks.includes(entry) || entry.startsWith(`*${name}`));
    const isServed = lines.some(
      (line) =>
        line.queue === queue &&
        line.state < WAITS &&
        line.line.length % 27 === (kind === 'f' ? 20 : 0) &&
        line.line.includes(limit),
    );
    if (!isPaced && !isServed && Number(slots[limit] ?? 0) < mostOf(rules, limit, await now(redis))) {
      broken.push(`the entry ${waiter} waits for a limit that is free`);
    }
  }
  return broken;
}

/** How many may hold a limit: as declared, or as set for its name or its key until a time. */
function mostOf(rules: Readonly<Record<string, string>>, limit: string, at: number): number {
  const name = limit.slice(0, 6);
  let most = '-';
  for (const field of [name, `${name}!`, `${limit}!`]) {
    const [value = '=', , , until = '0'] = rules[field]?.split(' ') ?? [];
    const isOver = field !== name && until !== '0' && Number(until) <= at;
    if (value !== '=' && !isOver) most = value;
  }
  return most === '-' ? Number.POSITIVE_INFINITY : Number(most);
}

async function now(redis: Redis): Promise<number> {
  const [seconds = 0, microseconds = 0] = (await redis.time()).map(Number);
  return seconds * 1000 + Math.floor(microseconds / 1000);
}

/** The line in which a message waits. */
function lineOf(message: string): string {
  const tenant = limitsIn(message, 'o')[0]?.slice(7) ?? NO_TENANT;
  const limits = limitsIn(message, 'lL').join('');
  return `${limits}${tenant === NO_TENANT ? '' : tenant}` || '-';
}

/** Its turn there: when it came, less what its priority gives it. One that keeps a slot is the next. */
function turnOf(message: string): string {
  if (tagLetters(message).includes('L')) return '0'.repeat(13);
  const order = limitsIn(message, 'o')[0] ?? '0000000';
  const bonus = Number(order.charAt(0)) * Number.parseInt(order.slice(1, 7), 36);
  return String(Math.max(Number.parseInt(message.slice(25, 34), 36) - bonus, 1)).padStart(13, '0');
}
