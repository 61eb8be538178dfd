import type { Redis } from 'ioredis';
import { LUA } from './lua.generated.js';

/** Every script with the shared functions that are put in front of it, in order. */
const SCRIPTS = {
  enqueue: ['bell', 'seen'],
  schedule: ['time', 'bell', 'schedule', 'seen'],
  'enqueue-unique': ['types', 'time', 'bell', 'foreign', 'message', 'schedule', 'unique'],
  promote: ['types', 'time', 'bell', 'foreign', 'message'],
  claim: ['types', 'foreign', 'bell', 'unique', 'stale'],
  ack: ['types', 'foreign', 'message', 'unique', 'stale'],
  retry: ['types', 'time', 'bell', 'foreign', 'message', 'schedule', 'unique', 'cancelled', 'retry'],
  bury: ['types', 'time', 'foreign', 'message', 'unique', 'cancelled'],
  release: ['types', 'time', 'bell', 'foreign', 'message', 'unique', 'cancelled', 'requeue'],
  'open-session': ['time', 'pulse'],
  register: [],
  renew: ['time', 'pulse'],
  overdue: ['time', 'pulse'],
  reap: ['types', 'bell', 'time', 'pulse', 'foreign', 'message', 'unique', 'cancelled', 'requeue'],
  settle: ['types', 'bell', 'time', 'foreign', 'message', 'schedule', 'unique', 'cancelled', 'retry', 'requeue'],
  'find-pending': [],
  'cancel-waiting': ['types', 'time', 'unique', 'cancelled'],
  'cancel-active': ['types', 'time', 'unique', 'cancelled'],
  'close-session': [],
  'dead-page': [],
  redrive: ['types', 'time', 'bell', 'foreign', 'message', 'unique'],
  'delete-dead': ['types'],
  purge: ['time'],
  broadcast: ['seen'],
  'stream-position': ['time', 'stream'],
  'read-stream': ['stream'],
  'take-turn': [],
  'record-broadcasts': ['types'],
  'record-gap': [],
  'declare-crons': ['time'],
  'fire-cron': ['types', 'time', 'bell', 'unique'],
  'move-cron-run': ['types', 'foreign', 'message', 'bell'],
  'pause-cron': ['time'],
  'resume-cron': ['time'],
  'forget-crons': ['time'],
  'record-cron-run': [],
} as const;

/** Name of a state transition; its script lies in `lua/<name>.lua`. */
export type ScriptName = keyof typeof SCRIPTS;

/** The whole text of a script: its shebang line, the shared functions, its body. */
export function scriptText(name: ScriptName): string {
  const [shebang, ...body] = LUA[name].split('\n');
  const shared = SCRIPTS[name].map((library) => LUA[`lib-${library}`]);
  return [shebang, ...shared, ...body].join('\n');
}

/** By what name the client knows each script. */
const commandNames = Object.fromEntries(
  (Object.keys(SCRIPTS) as ScriptName[]).map((name) => [name, `nestwork:${name}`]),
) as Record<ScriptName, string>;

/** What the connection needs to know: each script is sent once and then called by its hash, also after a SCRIPT FLUSH. */
export const scriptDefinitions: Record<string, { lua: string }> = Object.fromEntries(
  (Object.keys(SCRIPTS) as ScriptName[]).map((name) => [commandNames[name], { lua: scriptText(name) }]),
);

/** Calls a script. All keys it touches are declared. */
export function callScript(
  redis: Redis,
  name: ScriptName,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  const call = Reflect.get(redis, commandNames[name]) as (...all: unknown[]) => Promise<unknown>;
  return call.call(redis, keys.length, ...keys, ...args);
}

/** The same with strings of the reply as bytes, for what need not be text. */
export function callScriptForBytes(
  redis: Redis,
  name: ScriptName,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  const call = Reflect.get(redis, `${commandNames[name]}Buffer`) as (...all: unknown[]) => Promise<unknown>;
  return call.call(redis, keys.length, ...keys, ...args);
}
