import { types } from 'node:util';
import { carriedClass, classNameOf, isObjectPrototype } from '../values/carried-kinds.js';
import { printable } from '../values/printable.js';

/** The kinds of text in which people see a value: a page colours them, a terminal joins them. */
export type SpanKind = 'key' | 'string' | 'number' | 'word' | 'type' | 'mark' | 'more' | 'redacted';

/** A piece of the text of a value. */
export interface Span {
  readonly kind: SpanKind;
  readonly text: string;
}

/** The way from a value to one inside it: the name of a property, or the place of an element. */
export type Step = string | number;

/** A value inside another one. */
export interface Entry {
  /** its name as it is shown; undefined for an element */
  readonly name: string | undefined;
  /** of a Map: the key before it */
  readonly key?: { readonly value: unknown };
  readonly step: Step;
  readonly value: unknown;
}

/** A value without parts. */
export interface Leaf {
  readonly spans: readonly Span[];
}

/** A value with parts, which are read one by one. */
export interface Group {
  readonly type: string;
  readonly open: string;
  readonly close: string;
  readonly size: number;
  readonly entries: () => Iterable<Entry>;
}

/** Stands for the key of an entry of a Map in the path to a part of it. */
export const KEY_STEP = '<key>';

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
/** Bytes of binary data that are shown. */
const SHOWN_BYTES = 64;
const HOLE: unique symbol = Symbol('hole');

/**
 * A value as people see it: with the kind of what JSON has no word for, and without running any code of it.
 *
 * @param mostOfText characters of a string to show; the rest is counted
 */
export function shapeOf(value: unknown, mostOfText: number): Leaf | Group {
  switch (typeof value) {
    case 'string':
      return { spans: textSpans(value, mostOfText) };
    case 'number':
      return leaf('number', Object.is(value, -0) ? '-0' : String(value));
    case 'bigint':
      return { spans: [{ kind: 'number', text: digitsOf(value) }] };
    case 'object':
      return value === null ? leaf('word', 'null') : shapeOfObject(value, mostOfText);
    case 'function':
      return leaf('more', '[function]');
    case 'symbol':
      return value === HOLE ? leaf('word', 'empty') : leaf('more', '[symbol]');
    default:
      return leaf('word', String(value));
  }
}

/** The name of a property as it is shown. */
export function nameText(name: string): string {
  return IDENTIFIER.test(name) ? name : quoted(name);
}

/** A text in quotes, on one line. */
export function quoted(text: string): string {
  return printable(JSON.stringify(text), Number.POSITIVE_INFINITY);
}

function shapeOfObject(value: object, mostOfText: number): Leaf | Group {
  if (types.isProxy(value)) return leaf('more', '[proxy]');
  const prototype: object | null = Object.getPrototypeOf(value);
  const kind = prototype === null ? undefined : carriedClass(value, prototype);
  switch (kind) {
    case undefined:
      return shapeOfProperties(value, prototype, mostOfText);
    case 'Array':
      return shapeOfArray(value as unknown[]);
    case 'Map':
      return shapeOfMap(value as Map<unknown, unknown>);
    case 'Set':
      return shapeOfSet(value as Set<unknown>);
    case 'Date':
      return typed('Date', [{ kind: 'string', text: timeText(value as Date) }]);
    case 'RegExp':
      return typed('RegExp', [{ kind: 'string', text: printable(String(value), mostOfText) }]);
    case 'URL':
    case 'URLSearchParams':
      return typed(kind, textSpans(String(value), mostOfText));
    default:
      return shapeOfBinary(kind, value as ArrayBuffer | ArrayBufferView);
  }
}

function shapeOfProperties(value: object, prototype: object | null, mostOfText: number): Leaf | Group {
  if (types.isNativeError(value)) {
    const message = Object.getOwnPropertyDescriptor(value, 'message')?.value;
    return typed(classNameOf(value) || 'Error', textSpans(typeof message === 'string' ? message : '', mostOfText));
  }
  const names = Object.keys(value);
  const type = prototype === null ? 'null' : isObjectPrototype(prototype) ? '' : classNameOf(prototype);
  return {
    type: type && `${type} `,
    open: '{',
    close: '}',
    size: names.length,
    entries: () => properties(value, names),
  };
}

function* properties(value: object, names: readonly string[]): Iterable<Entry> {
  for (const name of names) {
    const property = Object.getOwnPropertyDescriptor(value, name);
    const own = property && 'value' in property ? property.value : () => {};
    yield { name: nameText(name), step: name, value: own };
  }
}

function shapeOfArray(array: readonly unknown[]): Group {
  const entries = function* (): Iterable<Entry> {
    for (let index = 0; index < array.length; index += 1) {
      const property = Object.getOwnPropertyDescriptor(array, index);
      yield { name: undefined, step: index, value: property ? property.value : HOLE };
    }
  };
  return { type: '', open: '[', close: ']', size: array.length, entries };
}

function shapeOfMap(map: ReadonlyMap<unknown, unknown>): Group {
  const entries = function* (): Iterable<Entry> {
    let index = 0;
    for (const [key, value] of map) {
      // as an object would have it
      const step = typeof key === 'string' ? key : index;
      yield { name: undefined, key: { value: key }, step, value };
      index += 1;
    }
  };
  return { type: `Map(${map.size}) `, open: '{', close: '}', size: map.size, entries };
}

function shapeOfSet(set: ReadonlySet<unknown>): Group {
  const entries = function* (): Iterable<Entry> {
    let index = 0;
    for (const value of set) {
      yield { name: undefined, step: index, value };
      index += 1;
    }
  };
  return { type: `Set(${set.size}) `, open: '{', close: '}', size: set.size, entries };
}

function shapeOfBinary(kind: string, value: ArrayBuffer | ArrayBufferView): Leaf {
  const bytes = bytesOf(value);
  const hex = bytes
    .subarray(0, SHOWN_BYTES)
    .toString('hex')
    .replace(/..(?=.)/g, '$& ');
  const more = bytes.length - SHOWN_BYTES;
  const rest: Span[] = more > 0 ? [{ kind: 'more', text: `… ${more.toLocaleString('en-US')} more bytes` }] : [];
  return typed(`${kind}(${bytes.length} bytes)`, [{ kind: 'number', text: hex + (more > 0 ? ' ' : '') }, ...rest]);
}

/** The part of the memory that is in view. */
export function bytesOf(value: ArrayBuffer | ArrayBufferView): Buffer {
  return ArrayBuffer.isView(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.from(value);
}

function textSpans(text: string, most: number): Span[] {
  if (text.length <= most) return [{ kind: 'string', text: quoted(text) }];
  const begun = text.slice(0, most).replace(/[\ud800-\udbff]$/, '');
  const more = (text.length - begun.length).toLocaleString('en-US');
  return [
    { kind: 'string', text: quoted(begun).slice(0, -1) },
    { kind: 'more', text: `… ${more} more characters` },
  ];
}

/** Decimal digits take time that grows with their square. */
function digitsOf(value: bigint): string {
  const hex = value.toString(16);
  return hex.length > 1_000 ? `0x${hex.slice(0, 1_000)}…n` : `${value}n`;
}

function timeText(date: Date): string {
  const time = Date.prototype.getTime.call(date);
  return Number.isNaN(time) ? 'invalid' : new Date(time).toISOString();
}

function leaf(kind: SpanKind, text: string): Leaf {
  return { spans: [{ kind, text }] };
}

function typed(type: string, spans: readonly Span[]): Leaf {
  return { spans: [{ kind: 'type', text: `${type} ` }, ...spans] };
}
