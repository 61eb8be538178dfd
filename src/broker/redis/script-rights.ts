import { LUA } from './lua.generated.js';
import { KEYS, type KeyName, type RedisKeys } from './redis-keys.js';
import { layoutOf } from './script-layout.js';
import { SCRIPTS, type ScriptName } from './scripts.js';

/** A command, as a script or a function of lua/lib/ calls it. */
const COMMAND = /\('([A-Z]+)'/g;

/**
 * The rights that a script needs, as `ACL SETUSER` takes them.
 *
 * @example
 * rightsOf('pause-cron', redisKeys('nestwork')); // ['~{nestwork}:crons', '+hexists', '+hset', '+time', ...]
 */
export function rightsOf(name: ScriptName, keys: RedisKeys): string[] {
  const { keys: own, blocks, lists } = layoutOf(SCRIPTS[name]);
  const used = new Set<KeyName>([...own, ...[...blocks, ...lists].flatMap((block) => block.keys)]);
  const commands = new Set([...LUA[name].matchAll(COMMAND)].map(([, command = '']) => `+${command.toLowerCase()}`));
  return [
    ...[...used].map((key) => `~${keys[key](KEYS[key].pattern.includes('<') ? '*' : '')}`),
    ...['+eval', '+evalsha', ...[...commands].sort()],
  ];
}
