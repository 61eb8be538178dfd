import type { Redis } from 'ioredis';
import { groupTagOf } from '../../src/message/group-tag.js';

const RECORD = /^([bf]) (fail|end) ([a-z]+)((?: \d+){9})$/;
const STOPPED = ['cancelled', 'expired'];

/** A message in some place, and whether that is among the dead. */
export interface PlacedMessage {
  readonly message: string;
  readonly dead: boolean;
}

/**
 * The counts of batches and flows equal a count over all places; callbacks are there only while a group goes on, and nothing waits for a
 * group that has ended. Returns what does not hold.
 *
 * @param placed every message in a queue, on a schedule, among claims or among the dead
 */
export async function brokenGroups(redis: Redis, tag: string, placed: readonly PlacedMessage[]): Promise<string[]> {
  const fields = await redis.hgetall(`${tag}groups`);
  const unsealed = new Set(await redis.zrange(`${tag}group-times`, '0', '-1'));
  const orders = await redis.lrange(`${tag}released`, 0, -1);
  const waiting = Object.entries(fields).flatMap(([field, value]) =>
    field.length === 20 && !RECORD.test(value) ? [messageOf(value)] : [],
  );
  const handedOn = orders.flatMap((order) => (/^[+!] /.test(order) ? [messageOf(order.slice(2))] : []));
  const all = [...placed, ...[...waiting, ...handedOn].map((message) => ({ message, dead: false }))];
  const broken: string[] = [];
  for (const [id, value] of Object.entries(fields)) {
    const [, kind, policy, state = '', numbers = ''] = RECORD.exec(value) ?? [];
    if (kind === undefined) continue;
    const [open = 0, total = 0, done = 0, dead = 0, deleted = 0, dropped = 0, cancelled = 0, , held = 0] = numbers
      .trim()
      .split(' ')
      .map(Number);
    const members = all.filter(({ message }) => groupTagOf(message)?.group === id);
    const deadMembers = members.filter((member) => member.dead).length;
    const living = members.length - deadMembers;
    const isOver = open === 0 || STOPPED.includes(state);
    if (!isOver && dead !== deadMembers) broken.push(`group ${id} counts ${dead} dead members, and has ${deadMembers}`);
    const counted = open - held - (unsealed.has(`${id} unsealed`) ? 1 : 0);
    if (open > 0 && counted !== living) broken.push(`group ${id} counts ${counted} open members, and has ${living}`);
    const ended = done + dead + deleted + dropped + cancelled;
    if (open > 0 && total !== living + ended) broken.push(`group ${id}: ${total} are not ${living} + ${ended}`);
    if (open < 0 || held < 0 || dead < 0) broken.push(`group ${id} has a negative count: ${value}`);
    if (policy === 'end' && held > 0) broken.push(`group ${id} waits for ${held} dead members`);
    const left = [`${id} done`, `${id} failed`].filter((field) => fields[field] !== undefined);
    if (open === 0 && left.length > 0) broken.push(`group ${id} has ended, and still has ${left.join(', ')}`);
    if (open === 0 && unsealed.has(`${id} deadline`)) broken.push(`group ${id} has ended, and has a deadline`);
    if (open === 0 && living > 0) broken.push(`group ${id} has ended, and has ${living} members`);
    if ((await redis.zscore(`${tag}groups-ended`, id)) === null && open === 0)
      broken.push(`the end of ${id} is unknown`);
  }
  return broken;
}

function messageOf(entry: string): string {
  return entry.slice(entry.indexOf(' ') + 1);
}
