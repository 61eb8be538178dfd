import { bytesOf, KEY_STEP, nameText, quoted } from '../../payload/argument-shape.js';
import type { Hider } from '../../payload/argument-spans.js';
import { carriedClass } from '../../values/carried-kinds.js';

/** Characters of a line. */
const WIDTH = 100;
/** A program that long helps nobody. */
const MOST = 200_000;

/**
 * The call of a task as a line of TypeScript. Hidden values are `undefined`, with a comment.
 *
 * @returns undefined when it would be too long
 */
export function callAsCode(task: string, args: readonly unknown[], hider: Hider): string | undefined {
  const writer = new Writer();
  try {
    const values = args.map((value, index) => writer.value(value, hider.inside(index), []));
    const [, type, method] =
      /^([\p{ID_Start}$_][\p{ID_Continue}$]*)\.([\p{ID_Start}$_][\p{ID_Continue}$]*)$/u.exec(task) ?? [];
    if (type === undefined)
      return `await inspector.tasks.send(${quoted(task)}, ${group('[', values, ']')}, { by: 'me' });`;
    return `await queue.of(${type}).${method}.delay${group('(', values, ')')};`;
  } catch (error) {
    if (error instanceof TooLong) return undefined;
    throw error;
  }
}

class TooLong extends Error {}

class Writer {
  private length = 0;

  value(value: unknown, hider: Hider, around: readonly object[]): string {
    const code = this.code(value, hider, around);
    this.length += code.length;
    if (this.length > MOST) throw new TooLong();
    return code;
  }

  private code(value: unknown, hider: Hider, around: readonly object[]): string {
    if (hider.hides(value)) return 'undefined /* redacted */';
    if (typeof value === 'string') return quoted(value);
    if (typeof value === 'bigint') return `${value}n`;
    if (Object.is(value, -0)) return '-0';
    if (typeof value !== 'object' || value === null) return String(value);
    if (around.includes(value)) return 'undefined /* circular */';
    const inner = (one: unknown, step: string | number): string =>
      this.value(one, hider.inside(step), [...around, value]);
    const prototype: object | null = Object.getPrototypeOf(value);
    const kind = prototype === null ? undefined : carriedClass(value, prototype);
    switch (kind) {
      case undefined:
        return group(
          '{ ',
          Object.entries(value).map(([name, one]) => `${nameText(name)}: ${inner(one, name)}`),
          ' }',
        );
      case 'Array':
        return group('[', Array.from(value as unknown[], inner), ']');
      case 'Map': {
        const step = (key: unknown, index: number): string | number => (typeof key === 'string' ? key : index);
        const pairs = Array.from(value as Map<unknown, unknown>, ([key, one], index) => {
          const ofKey = hider.inside(step(key, index)).inside(KEY_STEP);
          return `[${this.value(key, ofKey, [...around, value])}, ${inner(one, step(key, index))}]`;
        });
        return `new Map(${group('[', pairs, ']')})`;
      }
      case 'Set':
        return `new Set(${group('[', Array.from(value as Set<unknown>, inner), ']')})`;
      case 'Date':
        return Number.isNaN((value as Date).getTime())
          ? 'new Date(NaN)'
          : `new Date('${(value as Date).toISOString()}')`;
      case 'RegExp':
        return String(value);
      case 'URL':
      case 'URLSearchParams':
        return `new ${kind}(${quoted(String(value))})`;
      default:
        return binary(kind, bytesOf(value as ArrayBuffer | ArrayBufferView).toString('base64'));
    }
  }
}

function binary(kind: string, base64: string): string {
  const buffer = `Buffer.from('${base64}', 'base64')`;
  if (kind === 'Buffer') return buffer;
  return kind === 'ArrayBuffer' ? `new Uint8Array(${buffer}).buffer` : `new ${kind}(new Uint8Array(${buffer}).buffer)`;
}

/** On one line if it fits. */
function group(open: string, parts: readonly string[], close: string): string {
  if (parts.length === 0) return `${open.trim()}${close.trim()}`;
  const line = `${open}${parts.join(', ')}${close}`;
  if (line.length <= WIDTH && !line.includes('\n')) return line;
  const lines = parts.map((part) => `  ${part.replaceAll('\n', '\n  ')},`);
  return [open.trim(), ...lines, close.trim()].join('\n');
}
