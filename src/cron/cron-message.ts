import { callTags } from '../message/call-tags.js';
import { encodeMessage } from '../message/task-message.js';
import { encodeUnique } from '../message/unique-key.js';
import { isKeepTime } from '../policy/result-time.js';
import type { CronDeclaration } from './cron-definition.js';

/** One run of a cron; times in ms since 1970. */
export interface CronRunSpec {
  readonly id: string;
  /** its time by the schedule: jitter is there for the machines */
  readonly due: number;
  readonly enqueuedAt: number;
}

/** The key that all runs of a cron share which leaves runs out while an earlier one is there; undefined for others. */
export function cronKey({ name, overlap }: Pick<CronDeclaration, 'name' | 'overlap'>): string | undefined {
  return overlap === 'skip' ? encodeUnique(name, 'cron', 'finished') : undefined;
}

/** The message of a run. */
export function cronMessage(cron: CronDeclaration, { id, due, enqueuedAt }: CronRunSpec): string {
  const { name, task = name, payload = '[]', call, result, start } = cron;
  // anybody may have written the record
  const kept = isKeepTime(result) ? { seconds: result } : {};
  const tags = callTags(cronKey(cron), kept, undefined, start?.tags);
  return encodeMessage({ id, name: task, payload, enqueuedAt, options: { cron: name, due, ...call }, tags });
}
