import type { Option, Command as Program } from 'commander';
import type { ArgumentSpec, Command, CommandGroup, Completes } from '../../terminal/command.js';
import { FILES } from './completion-scripts.js';

type Specs = readonly CommandGroup<never>[];

/** The word to complete, and the words before it that are no options or values of options. */
interface Line {
  readonly current: string;
  readonly words: readonly string[];
  /** the option whose value the word is, such as `--queue` */
  readonly option: string | undefined;
}

/**
 * The words that may stand where the last one stands.
 *
 * @param args the words behind `nestwork`; the last one is being typed, and may be empty
 * @param names asks Redis for names of this kind
 */
export async function complete(
  args: readonly string[],
  { program, groups }: { readonly program: Program; readonly groups: Specs },
  names: (kind: Exclude<Completes, 'files'>) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const line = lineOf(args, program);
  const { node, rest } = nodeOf(program, line.words);
  const spec = specOf(groups, line.words);
  const candidates = candidatesOf(line, node, { spec, at: rest.length });
  if (candidates === 'files') return [FILES];
  const all = typeof candidates === 'string' ? await names(candidates) : candidates;
  return all.filter((word) => word.startsWith(line.current)).sort();
}

function candidatesOf(
  { current, option }: Line,
  node: Program,
  { spec, at }: { readonly spec: Command<never> | undefined; readonly at: number },
): readonly string[] | Completes {
  if (option !== undefined) {
    if (option === '--config') return 'files';
    const given = Object.entries(spec?.options ?? {}).find(([name]) => longOf(name) === option)?.[1];
    return given?.choices ?? given?.completes ?? [];
  }
  if (current.startsWith('-')) return optionsOf(node);
  // a word that is no command leads nowhere
  if (node.commands.length > 0) return at > 0 ? [] : node.commands.map((command) => command.name());
  const argument: ArgumentSpec | undefined = Object.values(spec?.arguments ?? {})[at];
  return argument?.choices ?? argument?.completes ?? [];
}

function lineOf(args: readonly string[], program: Program): Line {
  const words: string[] = [];
  let option: string | undefined;
  for (const word of args.slice(0, -1)) {
    if (option !== undefined) option = undefined;
    else if (!word.startsWith('-')) words.push(word);
    else if (takesValue(word, nodeOf(program, words).node)) option = word;
  }
  const current = args.at(-1) ?? '';
  const [, long, value = ''] = /^(--[\w-]+)=(.*)$/s.exec(current) ?? [];
  return long === undefined ? { current, words, option } : { current: value, words, option: long };
}

function takesValue(word: string, node: Program): boolean {
  return all(node).some((option) => (option.long === word || option.short === word) && option.required);
}

/** The command that the words name, as far as they name one, and the words behind it. */
function nodeOf(
  program: Program,
  words: readonly string[],
): { readonly node: Program; readonly rest: readonly string[] } {
  let node = program;
  for (const [at, word] of words.entries()) {
    const next = node.commands.find((command) => command.name() === word);
    if (!next) return { node, rest: words.slice(at) };
    node = next;
  }
  return { node, rest: [] };
}

function specOf(groups: Specs, [first, second]: readonly string[]): Command<never> | undefined {
  const named = groups.find(({ name }) => name === first);
  const [commands, name] = named
    ? [named.commands, second]
    : [groups.flatMap((one) => (one.name === '' ? one.commands : [])), first];
  return commands.find((command) => command.name === name);
}

function optionsOf(node: Program): string[] {
  return [...all(node).flatMap(({ long }) => long ?? []), '--help'];
}

/** Those of the command and of all commands above it. */
function all(node: Program): readonly Option[] {
  return [...node.options, ...(node.parent ? all(node.parent) : [])];
}

/** An option as it is typed. */
export function longOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
