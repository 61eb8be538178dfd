import type { KeyName } from './redis-keys.js';
import type { ScriptSpec } from './scripts.js';

/**
 * Where a script finds what it is called with.
 *
 * KEYS are `keys`, those of `blocks`, and for each value of a list of blocks its keys. ARGV are `args`, the names of
 * `blocks` that have one, the length of each list but the last, and the values of the lists.
 */
export interface ScriptLayout {
  readonly keys: readonly KeyName[];
  readonly blocks: readonly { readonly name: string; readonly keys: readonly KeyName[]; readonly named: boolean }[];
  readonly args: readonly string[];
  /** lists of blocks, then of arguments, which have no keys */
  readonly lists: readonly { readonly name: string; readonly keys: readonly KeyName[] }[];
}

/** The order on the wire: the one truth for the heads of the scripts and for those who call them. */
export function layoutOf({ keys = [], blocks = {}, args }: ScriptSpec): ScriptLayout {
  const all = Object.entries(blocks).map(([name, fields]) => ({
    name,
    keys: fields.filter((field) => field !== 'name'),
    named: fields.includes('name'),
  }));
  const isList = (name: string): boolean => name.startsWith('...');
  const lists = [...all, ...args.map((name) => ({ name, keys: [] }))].filter(({ name }) => isList(name));
  return {
    keys,
    blocks: all.filter(({ name }) => !isList(name)),
    args: args.filter((name) => !isList(name)),
    lists: lists.map((list) => ({ name: list.name.slice('...'.length), keys: list.keys })),
  };
}
