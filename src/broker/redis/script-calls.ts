import type { Redis } from 'ioredis';
import { LUA, SHORT } from './lua.generated.js';
import { KEYS, type KeyName, type RedisKeys } from './redis-keys.js';
import { layoutOf, type ScriptLayout } from './script-layout.js';
import { SCRIPTS, type ScriptInput, type ScriptName, type ScriptReply, type ScriptSpec } from './scripts.js';

type Value = string | number | Buffer;
type Input = Readonly<Record<string, Value | readonly Value[]>>;

/** How a script is called: its method of the client, and where its keys and arguments come from. */
interface Plan extends Pick<ScriptLayout, 'args' | 'lists'> {
  readonly method: string;
  /** the method of its short form, if it has one, see tools/generate/late-parts.mjs */
  readonly short: string | undefined;
  /** each with the input that is its parameter, if it has one */
  readonly keys: readonly { readonly key: KeyName; readonly parameter?: string }[];
}

/** For so long a client calls the whole of a script whose short form lacked something, in ms. */
const WHOLE_MS = 60_000;

const NAMES = Object.keys(SCRIPTS) as ScriptName[];

/** What the connection needs to know: each script is sent once and then called by its hash, also after a SCRIPT FLUSH. */
export const scriptDefinitions: Record<string, { lua: string }> = Object.fromEntries(
  NAMES.flatMap((name) => {
    const short = SHORT[name];
    return [[commandOf(name), { lua: LUA[name] }], ...(short ? [[shortOf(name), { lua: short }]] : [])];
  }),
);

const PLANS = Object.fromEntries(NAMES.map((name) => [name, planOf(name)])) as Record<ScriptName, Plan>;

/**
 * Calls a script. All keys it touches are declared.
 *
 * @example
 * const held = await callScript(redis, keys, 'ack', { sessionId, child, ids });
 */
export function callScript<N extends ScriptName>(
  redis: Redis,
  keys: RedisKeys,
  name: N,
  input: ScriptInput<N>,
): Promise<ScriptReply<N>> {
  const plan = PLANS[name];
  const wire = onTheWire(plan, keys, input as Input);
  const run = (method: string): Promise<ScriptReply<N>> => {
    const call = Reflect.get(redis, method) as (...all: Value[]) => Promise<ScriptReply<N>>;
    return call.apply(redis, wire);
  };
  return plan.short ? shortFirst(redis, plan.short, plan.method, run) : run(plan.method);
}

/** Until when a client calls whole scripts, by the names of their short forms; in ms. */
const wholeUntil = new WeakMap<Redis, Map<string, number>>();

/** Tasks with limits and members of groups mostly come in numbers: those behind the first are spared a call that does nothing. */
async function shortFirst<T>(
  redis: Redis,
  short: string,
  whole: string,
  run: (method: string) => Promise<T>,
): Promise<T> {
  const until = wholeUntil.get(redis) ?? new Map<string, number>();
  if ((until.get(short) ?? 0) > performance.now()) return run(whole);
  try {
    return await run(short);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('WHOLE_NEEDED'))) throw error;
    wholeUntil.set(redis, until.set(short, performance.now() + WHOLE_MS));
    return run(whole);
  }
}

/** The number of keys, the keys, the arguments. */
function onTheWire(plan: Plan, names: RedisKeys, input: Input): Value[] {
  const all: Value[] = [0];
  for (const { key, parameter } of plan.keys)
    all.push(names[key](parameter === undefined ? '' : (input[parameter] as string)));
  for (const { name, keys } of plan.lists) {
    if (keys.length === 0) continue;
    for (const value of input[name] as string[]) for (const key of keys) all.push(names[key](value));
  }
  all[0] = all.length - 1;
  for (const name of plan.args) all.push(input[name] as Value);
  for (let at = 0; at < plan.lists.length - 1; at += 1) all.push(listOf(plan, at, input).length);
  for (let at = 0; at < plan.lists.length; at += 1) for (const value of listOf(plan, at, input)) all.push(value);
  return all;
}

function listOf({ lists }: Plan, at: number, input: Input): readonly Value[] {
  return input[lists[at]?.name ?? ''] as readonly Value[];
}

function planOf(name: ScriptName): Plan {
  const { bytes }: ScriptSpec = SCRIPTS[name];
  const { keys, blocks, args, lists } = layoutOf(SCRIPTS[name]);
  const ofBlocks = blocks.flatMap((block) => block.keys.map((key) => ({ key, parameter: block.name })));
  const named = blocks.filter((block) => block.named).map((block) => block.name);
  const buffer = bytes ? 'Buffer' : '';
  return {
    method: commandOf(name) + buffer,
    short: SHORT[name] && shortOf(name) + buffer,
    keys: [...keys.map((key) => ({ key, parameter: parameterOf(key) })), ...ofBlocks],
    args: [...args, ...named],
    lists,
  };
}

/** By what name the client knows a script. */
function commandOf(name: ScriptName): string {
  return `nestwork:${name}`;
}

function shortOf(name: ScriptName): string {
  return `${commandOf(name)}:short`;
}

function parameterOf(key: KeyName): string | undefined {
  return /<(.*)>/.exec(KEYS[key].pattern)?.[1];
}
