import { callTags } from '../message/call-tags.js';
import { encodeMessage } from '../message/task-message.js';
import { decodePayload, encodePayload } from '../payload/payload.js';
import type { MemberCall } from './member-call.js';

/** A callback: its status is filled in when it is sent, see lua/lib/groups.lua. */
const STATUS_PLACE = '["$"]';

/** The message of a task that is sent when its batch has ended, or has failed. */
export function callbackMessage(
  { name, seconds, options, enqueuedAt, start, takeIds }: MemberCall,
  which: string,
): string {
  const tags = callTags(undefined, { seconds, announced: false }, undefined, start(undefined, which)?.tags);
  const id = takeIds(1)[0] as string;
  return encodeMessage({ id, name, payload: STATUS_PLACE, enqueuedAt, options, tags });
}

/** Encodes the arguments of a call, and has them checked. @param path for errors */
export function checkedPayload(call: MemberCall, args: readonly unknown[], path: string): string | Promise<string> {
  const payload = encodePayload(args, path);
  // as a worker will get them: a check may change them, and must not change those of the caller
  return call.check ? call.check(decodePayload(JSON.parse(payload), payload), path).then(() => payload) : payload;
}

/** A call of a batch. */
export interface Member {
  readonly id: string;
  /** from `checkedPayload` */
  readonly payload: string;
  /** its tags for limits and order */
  readonly start: string | undefined;
}

/** The message of a member of a batch. */
export function memberMessage(call: MemberCall, { id, payload: encoded, start }: Member, group: string): string {
  const { name, seconds, options, enqueuedAt } = call;
  const payload = call.pack(encoded);
  // a batch keeps no list of its members, so nobody waits for one of them
  const tags = callTags(undefined, { seconds, announced: false }, { group, number: 0 }, start);
  return encodeMessage({ id, name, payload, enqueuedAt, options, tags });
}
