import type { Step } from '../../payload/argument-shape.js';
import { invalid } from '../../values/option-values.js';
import { shown } from '../../values/shown.js';

/** One part of a path: a name or a place; any one; or any number of them. */
type Part = { readonly step: Step } | { readonly any: 'step' | 'index' | 'way' };

/** A path to values that are hidden: `[0].card.number`, `*.iban`, `[1].lines[*].price`, `**.password`, `result.token`, `limits.stripe`. */
export interface RedactionPath {
  readonly parts: readonly Part[];
}

/** A name may have all but the marks of a path; other names stand in quotes within brackets. */
const PART = /\.?(?:(\*\*)|(\*)|([^.[\]*"'\s]+))|\[(\d+|\*)\]|\[("(?:[^"\\]|\\.)*")\]/y;

/** What there is beside arguments: what a task returns, and keys of limits. */
const ROOTS = ['result', 'limits'];

/** @throws NestworkError INVALID_OPTION */
export function parsePath(text: string): RedactionPath {
  const parts: Part[] = [];
  PART.lastIndex = 0;
  for (let at = 0; at < text.length; at = PART.lastIndex) {
    const isName = !text.startsWith('[', at);
    // names are set apart by dots, and only they
    if (isName && (at === 0) === text.startsWith('.', at)) throw unreadable(text, at);
    const found = PART.exec(text);
    const part = found && partOf(found);
    if (!part) throw unreadable(text, at);
    parts.push(part);
  }
  const [first] = parts;
  if (first && 'step' in first && typeof first.step === 'string' && !ROOTS.includes(first.step))
    throw unreadable(text, 0);
  if (parts.every((part) => 'any' in part && part.any === 'way')) {
    throw invalid(
      'redact',
      `has the path ${shown(text)}, which names nothing`,
      "Give '*' to hide each argument whole.",
    );
  }
  return { parts };
}

function partOf([, way, any, name, index, quotedName]: RegExpExecArray): Part | undefined {
  if (way !== undefined) return { any: 'way' };
  if (any !== undefined) return { any: 'step' };
  if (name !== undefined) return { step: name };
  if (index !== undefined) return index === '*' ? { any: 'index' } : { step: Number(index) };
  try {
    return { step: JSON.parse(quotedName as string) as string };
  } catch {
    return undefined;
  }
}

function unreadable(text: string, at: number): Error {
  return invalid('redact', `has the path ${shown(text)}, which is wrong from character ${at + 1} on`, [
    "Begin with an argument: '[0].card.number', '*.iban'; or with any way: '**.password'; or with what a task returns: 'result.token'; or with a limit: 'limits.stripe' for its keys.",
    'Put names with dots, brackets, stars, quotes or spaces into brackets: \'[0]["card number"]\'.',
  ]);
}

/** A path as people write it. */
export function pathText(steps: readonly Step[]): string {
  return steps
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      if (!/^[^.[\]*"'\s]+$/.test(step)) return `[${JSON.stringify(step)}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join('');
}

/** The places in the paths that the way so far has reached. */
export type Reached = readonly number[];

/** Where a path is before its first step. */
export function begun({ parts }: RedactionPath): Reached {
  return passed(parts, [0]);
}

/** Where it is after one more. */
export function advanced({ parts }: RedactionPath, reached: Reached, step: Step): Reached {
  const next = reached.flatMap((at) => {
    const part = parts[at];
    if (!part) return [];
    if ('any' in part && part.any === 'way') return [at];
    return fits(part, step) ? [at + 1] : [];
  });
  return passed(parts, next);
}

/** Whether the way so far is one that the path names. */
export function isEnd({ parts }: RedactionPath, reached: Reached): boolean {
  return reached.includes(parts.length);
}

/** `**` stands for no step as well. */
function passed(parts: readonly Part[], reached: readonly number[]): Reached {
  const all = new Set(reached);
  for (const at of all) {
    const part = parts[at];
    if (part && 'any' in part && part.any === 'way') all.add(at + 1);
  }
  return [...all];
}

function fits(part: Part, step: Step): boolean {
  if ('step' in part) return part.step === step;
  return part.any === 'step' || typeof step === 'number';
}
