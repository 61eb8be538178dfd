import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LUA, SHORT } from '../../src/broker/redis/lua.generated.js';
import { KEYS, type KeyName, redisKeys } from '../../src/broker/redis/redis-keys.js';
import { callScript } from '../../src/broker/redis/script-calls.js';
import { layoutOf } from '../../src/broker/redis/script-layout.js';
import { ENDS, SCRIPTS, type ScriptName, type ScriptSpec } from '../../src/broker/redis/scripts.js';
import { MAX_BATCH } from '../../src/worker/batch-size.js';

const FILES_OF_LUA = new URL('../../src/broker/lua/', import.meta.url);
const GENERATE = fileURLToPath(new URL('../../tools/generate.mjs', import.meta.url));
const NAMES = Object.keys(SCRIPTS) as ScriptName[];
const QUEUE_KEYS = Object.entries(KEYS).flatMap(([key, { pattern }]) => (pattern.endsWith('<queue>') ? [key] : []));

const FILES = readdirSync(FILES_OF_LUA, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.lua'));
const SCRIPT_FILES = FILES.filter((file) => !file.startsWith('lib/'));

/** The whole text of each script, and those of the short forms. */
const TEXTS = [
  ...Object.entries(LUA),
  ...Object.entries(SHORT).map(([name, text]) => [`${name}, short`, text] as const),
];
/** The functions and constants of the libraries. */
const PARTS = FILES.filter((file) => file.startsWith('lib/')).flatMap((file) =>
  [...readFileSync(new URL(file, FILES_OF_LUA), 'utf8').matchAll(/^local (?:function )?(\w+)/gm)].map(
    ([, name = '']) => name,
  ),
);

/** What is wrong about the places in which a script makes and uses parts of the libraries, some of them late. */
function misplacedIn(text: string): string[] {
  const code = text.replace(/'[^'\n]*'|--.*/g, '');
  const makers = [...code.matchAll(/^(\w+) = function\(\)$[\s\S]*?^return \1_made$/gm)].map(
    ({ 0: { length }, 1: name, index }) => ({ name, has: (at: number) => at > index && at < index + length }),
  );
  return PARTS.flatMap((part) => {
    const made = [...code.matchAll(new RegExp(`^local (?:function )?${part}\\b`, 'gm'))].map(({ index }) => index);
    const uses = [...code.matchAll(new RegExp(`(?<![.\\w])${part}\\b(?! =[^=])`, 'g'))].map(({ index }) => index);
    const late = [...code.matchAll(new RegExp(`(\\w+)\\(\\)\\.${part}\\b`, 'g'))].map(([, maker]) => maker);
    const [at = Number.POSITIVE_INFINITY, ...more] = made;
    const place = makers.find(({ has }) => has(at));
    const isThere = (use: number): boolean => use >= at && (place === undefined || place.has(use));
    // a short form declares makers that it lacks
    const isLate = (maker = ''): boolean =>
      place?.name === maker || (made.length === 0 && !code.includes(`\n${maker} = function()`));
    return [...more, ...uses.filter((use) => !isThere(use)), ...late.filter((maker) => !isLate(maker))].map(() => part);
  });
}

function bodyOf(name: string): string {
  const file = FILES.find((each) => `/${each}`.endsWith(`/${name}.lua`)) ?? '';
  const text = readFileSync(new URL(file, FILES_OF_LUA), 'utf8');
  return text.split('npm run generate writes it.\n').at(-1) ?? '';
}

/** Records the command that a call sends, in place of a client. */
async function sent<N extends ScriptName>(name: N, input: Parameters<typeof callScript<N>>[3]): Promise<unknown[]> {
  const calls: unknown[][] = [];
  const record = async (...all: unknown[]): Promise<void> => void calls.push(all);
  const client = { [`nestwork:${name}`]: record } as unknown as Parameters<typeof callScript>[0];
  await callScript(client, redisKeys('ns'), name, input);
  return calls.flat();
}

const GROUP_KEYS = ['{ns}:groups', '{ns}:group-times', '{ns}:groups-ended', '{ns}:released'];
const LIMIT_KEYS = ['limits', 'slots', 'rates', 'paced', 'waiters', 'limit-labels'].map((key) => `{ns}:${key}`);

describe('the table of scripts', () => {
  it('matches the generated files; if not, run npm run generate', async () => {
    await promisify(execFile)(process.execPath, [GENERATE, '--check']);
  });

  it('has an entry for each file in lua/, and a file for each entry', () => {
    const names = SCRIPT_FILES.map((file) => file.replace(/^.*\/(.*)\.lua$/, '$1'));
    expect(names.sort()).toEqual([...NAMES].sort());
  });

  it('is the only one that counts KEYS and ARGV', () => {
    const files = readdirSync(FILES_OF_LUA, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.lua'),
    );
    for (const file of files) expect(bodyOf(file.slice(0, -'.lua'.length))).not.toMatch(/\b(KEYS|ARGV)\b/);
  });

  it.each(NAMES)('takes the keys of a queue in one order: %s', (name) => {
    const { blocks, lists } = layoutOf(SCRIPTS[name]);
    for (const { keys } of [...blocks, ...lists]) {
      const places = keys.filter((key) => QUEUE_KEYS.includes(key)).map((key) => QUEUE_KEYS.indexOf(key));
      expect(places).toEqual([...places].sort());
    }
  });

  it.each(NAMES)('declares every key once and uses each by its name: %s', (name) => {
    const { keys, blocks, lists }: ReturnType<typeof layoutOf> = layoutOf(SCRIPTS[name] satisfies ScriptSpec);
    for (const { keys: own } of [...blocks, ...lists]) expect(new Set<KeyName>(own).size).toBe(own.length);
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of keys.filter((one) => !ENDS.some((end) => end === one))) {
      const local = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      expect(LUA[name]).toMatch(new RegExp(`\\b${local}\\b`));
    }
  });

  it('documents how many tasks a child may hold', () => {
    expect(KEYS.claims.lasts).toContain(`${3 * MAX_BATCH} tasks and twice`);
  });
});

describe('a call of a script', () => {
  it('sends keys, then arguments, each list behind its length but the last', async () => {
    const reap = { sessionId: 's', leaseMs: 7, children: ['s.1', 's.2'], queues: ['a'] };
    expect(await sent('reap', reap)).toEqual([
      ...[28, '{ns}:sessions', '{ns}:session:s', '{ns}:pulse', '{ns}:unique', '{ns}:cancelled', '{ns}:alarm'],
      ...['{ns}:endings', '{ns}:catalog', ...GROUP_KEYS, ...LIMIT_KEYS],
      ...['{ns}:claims:s.1', '{ns}:claims:s.2', '{ns}:queue:a', '{ns}:suspects:a', '{ns}:bell:a', '{ns}:scheduled:a'],
      ...['{ns}:dead:a', '{ns}:dead-records:a', '{ns}:held:a', '{ns}:ready:a', 's', 7, 2, 's.1', 's.2', 'a'],
    ]);
  });

  it('sends the keys of each block, and its name when the script uses it', async () => {
    expect(await sent('move-cron-run', { digest: 'd', from: 'a', to: 'b' })).toEqual([
      ...[20, '{ns}:unique', '{ns}:alarm', ...LIMIT_KEYS],
      ...['{ns}:queue:a', '{ns}:suspects:a', '{ns}:bell:a', '{ns}:scheduled:a', '{ns}:held:a', '{ns}:ready:a'],
      ...['{ns}:queue:b', '{ns}:suspects:b', '{ns}:bell:b', '{ns}:scheduled:b', '{ns}:held:b', '{ns}:ready:b'],
      ...['d', 'a', 'b'],
    ]);
    expect(await sent('delete-dead', { queue: 'a', deaths: ['x', 1] })).toEqual([
      ...[8, '{ns}:alarm', ...GROUP_KEYS, '{ns}:dead:a', '{ns}:dead-records:a', '{ns}:dead-notes:a', 'x', 1],
    ]);
  });

  it('contains no function of a library that the script does not use', () => {
    expect(LUA.retry).toMatch(/^local function try_again\(/m);
    expect(LUA.retry).not.toMatch(/^local function bury\(/m);
  });

  it.each(TEXTS)('makes each part of a library once, before its use, where that finds it: %s', (_, text) => {
    expect(misplacedIn(text)).toEqual([]);
  });

  it.each(TEXTS)('contains every function that it calls: %s', (_, whole) => {
    const text = whole.replace(/--.*|'[^']*'/g, '');
    // some are made late by others, see tools/generate/late-parts.mjs; a short form has no maker of what it lacks
    const own = new Set(
      [...text.matchAll(/\bfunction (\w+)|\blocal (\w+_parts)$/gm)].map(([, named, maker]) => named ?? maker),
    );
    const called = [...text.matchAll(/(?<![.\w])(\w+)\(/g)].map(([, word]) => word);
    const builtin = [
      'tonumber',
      'tostring',
      'ipairs',
      'pairs',
      'next',
      'unpack',
      'type',
      'pcall',
      'error',
      'select',
      'function',
      'add',
      'visit',
      'run',
      'queue_of',
      'and',
      'or',
      'not',
      'if',
    ];
    expect(called.filter((word) => word && !own.has(word) && !builtin.includes(word))).toEqual([]);
  });
});
