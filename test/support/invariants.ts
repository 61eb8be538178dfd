import type { Redis } from 'ioredis';
import { groupTagOf } from '../../src/message/group-tag.js';
import { HEADER_LENGTH, TAG_LENGTH, tagLetters } from '../../src/message/tags.js';
import { brokenGroups, type PlacedMessage } from './group-invariants.js';
import { brokenLimits, messageInLine, queuesThatWait, queuesWithReadyLines } from './limit-invariants.js';

type Place = { readonly where: string; readonly id: string; readonly message?: string };

/** A run of a cron is not marked as seen: its settled instant prevents a second one. */
const FIRED = /\{"cron":"[^"]+","due":\d+[,}]/;

/**
 * The conditions that hold after every command, in any state. Throws a list of all that do not.
 *
 * Every id is in exactly one place, on the schedule or elsewhere; a dead task has a record, and without one there are no notes of it; only registered children of living sessions hold claims;
 * where work waits and neither a pause nor a limit of the queue holds it a bell rings; every id in a place was marked as seen, unless a cron fired it; a unique key leads to a
 * task that has not ended, as it is stored there.
 */
export async function checkInvariants(redis: Redis, namespace = 'nestwork'): Promise<void> {
  const broken: string[] = [];
  const tag = `{${namespace}}:`;
  const keys = (await redis.keys(`${tag}*`)).map((key) => key.slice(tag.length));
  const named = (prefix: string): string[] =>
    keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));

  const places: Place[] = [];
  const dead: PlacedMessage[] = [];
  const fired = new Set<string>();
  const place = (where: string, message: string): void => {
    const id = message.slice(0, 20);
    if (FIRED.test(message)) fired.add(id);
    places.push({ where, id, message });
  };
  const paused = keys.includes('pauses') ? await redis.hkeys(`${tag}pauses`) : [];
  const shut = await queuesThatWait(redis, tag);
  for (const prefix of ['queue:', 'suspects:']) {
    for (const queue of named(prefix)) {
      const messages = await redis.lrange(`${tag}${prefix}${queue}`, 0, -1);
      for (const message of messages) place(prefix + queue, message);
      const rings = await redis.llen(`${tag}bell:${queue}`);
      // what ends the pause rings, or what frees the limit of the queue
      if (rings === 0 && !paused.includes(queue) && !shut.has(queue))
        broken.push(`work waits in ${prefix}${queue}, but its bell is silent`);
      if (rings > 2) broken.push(`the bell of ${queue} holds ${rings} tokens`);
    }
  }

  for (const queue of named('held:')) {
    const entries = await redis.zrange(`${tag}held:${queue}`, '0', '-1');
    for (const entry of entries) place(`held:${queue}`, messageInLine(entry));
  }
  for (const queue of await queuesWithReadyLines(redis, tag)) {
    if (!paused.includes(queue) && (await redis.llen(`${tag}bell:${queue}`)) === 0)
      broken.push(`a line of ${queue} may start, but the bell is silent`);
  }

  for (const queue of named('scheduled:')) {
    const messages = await redis.zrange(`${tag}scheduled:${queue}`, '0', '-1');
    for (const message of messages) place(`scheduled:${queue}`, message);
  }
  if ((await redis.llen(`${tag}alarm`)) > 1) broken.push('the alarm holds more than one token');

  const registered = new Set<string>();
  const sessions = new Set(await redis.zrange(`${tag}sessions`, '0', '-1'));
  for (const session of named('session:')) {
    if (!sessions.has(session)) broken.push(`session ${session} is described, but has no lease`);
    for (const field of await redis.hkeys(`${tag}session:${session}`))
      if (!field.startsWith('@')) registered.add(field);
  }
  for (const session of sessions) {
    if (!keys.includes(`session:${session}`)) broken.push(`session ${session} has a lease, but no description`);
  }

  for (const child of named('claims:')) {
    if (!registered.has(child)) broken.push(`${child} holds claims, but is not registered`);
    for (const [id, held] of Object.entries(await redis.hgetall(`${tag}claims:${child}`))) {
      place(`claims:${child}`, held.slice(held.indexOf(' ') + 1));
      if (!/^\S+ /.test(held) || held.split(' ')[1]?.slice(0, 20) !== id) {
        broken.push(`claims:${child} holds another message under ${id}`);
      }
    }
  }

  for (const queue of named('dead:')) {
    const ids = await redis.zrange(`${tag}dead:${queue}`, '0', '-1');
    const kept = await redis.hgetall(`${tag}dead-records:${queue}`);
    const records = Object.keys(kept);
    for (const record of Object.values(kept)) {
      dead.push({ message: record.slice(record.indexOf('\n') + 1), dead: true });
    }
    places.push(...ids.map((id) => ({ where: `dead:${queue}`, id })));
    if ([...ids].sort().join() !== [...records].sort().join()) broken.push(`dead:${queue} and its records differ`);
  }

  for (const queue of named('dead-notes:')) {
    for (const id of await redis.hkeys(`${tag}dead-notes:${queue}`)) {
      if (!(await redis.hexists(`${tag}dead-records:${queue}`, id))) broken.push(`notes of ${id} have no dead task`);
    }
  }

  for (const [digest, holder] of Object.entries(await redis.hgetall(`${tag}unique`))) {
    const message = holder.slice(holder.indexOf(' ') + 1);
    const found = places.find(({ where, id }) => id === message.slice(0, 20) && !where.startsWith('dead:'));
    if (!found) broken.push(`the key ${digest} leads to a task that is nowhere`);
    else if (found.message !== undefined && asItWaits(found.message) !== asItWaits(message)) {
      broken.push(`the key ${digest} leads to a message that is not in ${found.where}`);
    }
  }

  const placed = places.flatMap(({ message }) => (message === undefined ? [] : [{ message, dead: false }]));
  broken.push(...(await brokenGroups(redis, tag, [...placed, ...dead])));
  const living = places.flatMap(({ where, message }) => (message === undefined ? [] : [{ where, message }]));
  broken.push(...(await brokenLimits(redis, tag, living)));

  const members = new Set(
    [...placed, ...dead].filter(({ message }) => groupTagOf(message)).map(({ message }) => message.slice(0, 20)),
  );
  const found = new Map<string, string>();
  for (const { where, id } of places) {
    const other = found.get(id);
    if (other) broken.push(`${id} is in ${other} and in ${where}`);
    found.set(id, where);
    // scripts send nodes and callbacks, each at most once by its field
    const isSent = id.startsWith('callback') || members.has(id);
    if (!fired.has(id) && !isSent && !(await isSeen(redis, tag, id)))
      broken.push(`${id} in ${where} was never marked as seen`);
  }
  if (broken.length > 0) throw new Error(`Invariants broken:\n${broken.join('\n')}`);
}

async function isSeen(redis: Redis, tag: string, id: string): Promise<boolean> {
  if (!/^[0-9a-z]{20}$/.test(id) || id.startsWith('undecodable')) return true;
  const sequence = Number.parseInt(id.slice(12), 36);
  return (await redis.getbit(`${tag}seen:${id.slice(0, 12)}:${Math.floor(sequence / 4096)}`, sequence % 4096)) === 1;
}

/** A claim notes the limit of the queue in front of the tags, and slots that a message keeps while it waits have another letter. */
function asItWaits(message: string): string {
  const tags = HEADER_LENGTH + TAG_LENGTH * tagLetters(message).length;
  const parts = message.slice(HEADER_LENGTH, tags).match(/.{28}/g) ?? [];
  const waiting = parts.filter((tag) => !tag.startsWith('q')).map((tag) => tag.replace(/^L/, 'l'));
  return message.slice(0, HEADER_LENGTH) + waiting.join('') + message.slice(tags);
}
