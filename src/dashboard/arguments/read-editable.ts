import { KEY_STEP, type Step } from '../../payload/argument-shape.js';
import { type JsonMember, type JsonNode, readJson, TextError } from './json-reader.js';
import { pathText } from './redaction-path.js';
import { type HiddenValue, PLACEHOLDER } from './written-form.js';

/**
 * Makes arguments of a text as `editableText` writes it, which somebody may have changed. Hidden values come back where they were;
 * elsewhere a placeholder is refused, because the value would be seen there, or go to somebody else.
 *
 * @param hidden of the arguments from which the text was made
 * @throws TextError
 */
export function readEditable(text: string, hidden: readonly HiddenValue[]): unknown[] {
  const node = readJson(text);
  if (node.kind !== 'list') {
    throw new TextError(text, node.at, 'the arguments are a list: put them into brackets, [7, {"weekly": true}]');
  }
  const reader = new Reader(text, hidden);
  return node.items.map((item, index) => reader.value(item, [index]));
}

type Steps = readonly Step[];
type Make = (this: Reader, node: JsonNode, steps: Steps) => unknown;
type TypedArrayType = new (buffer: ArrayBuffer) => object;

/** Marks the place of an element that is not there. */
const HOLE = Symbol('hole');
const VIEWS = Object.getOwnPropertyNames(globalThis).filter((name) =>
  /^(?:(?:Big)?(?:Int|Uint|Float)\d+(?:Clamped)?Array|DataView)$/.test(name),
);

class Reader {
  /** by the path under which each object was read first */
  private readonly read = new Map<string, unknown>();

  constructor(
    private readonly text: string,
    private readonly hidden: readonly HiddenValue[],
  ) {}

  value(node: JsonNode, steps: Steps): unknown {
    if (node.kind === 'plain') return node.value;
    if (node.kind === 'list') return this.list(node.items, steps);
    const form = node.members.find(({ name }) => name.startsWith('$'));
    return form ? this.form(form, node, steps) : this.object(node.members, steps, {});
  }

  /** Known before its parts are read: one of them may be the same object. */
  private noted<T>(value: T, steps: Steps): T {
    this.read.set(pathText(steps), value);
    return value;
  }

  private list(items: readonly JsonNode[], steps: Steps): unknown[] {
    const list: unknown[] = this.noted([], steps);
    // first, so that holes at the end count
    list.length = items.length;
    for (const [index, item] of items.entries()) {
      const value = this.value(item, [...steps, index]);
      if (value !== HOLE) list[index] = value;
    }
    return list;
  }

  private object(members: readonly JsonMember[], steps: Steps, object: object): object {
    this.noted(object, steps);
    for (const { name, value: node, at } of members) {
      if (name === '__proto__') throw this.wrong({ at }, 'no argument may have a property with this name');
      const value = this.data(node, [...steps, name]);
      Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
    }
    return object;
  }

  private form({ name, value }: JsonMember, node: JsonNode & { kind: 'object' }, steps: Steps): unknown {
    const make = Object.hasOwn(FORMS, name) ? FORMS[name] : undefined;
    if (make && node.members.length === 1) return make.call(this, value, steps);
    const own = `A property whose name begins with $ stands in {"$object": {...}}`;
    throw this.wrong(node, make ? `${name} must be alone in its object. ${own}` : `nothing is called ${name}. ${own}`);
  }

  /** A value that is no hole. */
  data(node: JsonNode, steps: Steps): unknown {
    const value = this.value(node, steps);
    if (value === HOLE) throw this.wrong(node, 'only a list has holes');
    return value;
  }

  placeholder(node: JsonNode, steps: Steps): unknown {
    const number = node.kind === 'plain' && typeof node.value === 'number' ? node.value : 0;
    const hidden = this.hidden[number - 1];
    if (!hidden) throw this.wrong(node, 'there is no hidden value of this number');
    if (hidden.path === pathText(steps)) return hidden.value;
    throw this.wrong(node, 'a hidden value stays where it was: put it back there, or give a new value here');
  }

  same(node: JsonNode): unknown {
    const path = this.string(node);
    if (this.read.has(path)) return this.read.get(path);
    throw this.wrong(node, 'no object stands there, before this one');
  }

  map(node: JsonNode, steps: Steps): Map<unknown, unknown> {
    const map = this.noted(new Map<unknown, unknown>(), steps);
    for (const [index, entry] of this.items(node).entries()) {
      const [key, value, more] = this.items(entry);
      if (!key || !value || more) throw this.wrong(entry, 'an entry of a Map is a list of key and value');
      const step = key.kind === 'plain' && typeof key.value === 'string' ? key.value : index;
      map.set(this.data(key, [...steps, step, KEY_STEP]), this.data(value, [...steps, step]));
    }
    return map;
  }

  set(node: JsonNode, steps: Steps): Set<unknown> {
    const set = this.noted(new Set<unknown>(), steps);
    for (const [index, item] of this.items(node).entries()) set.add(this.data(item, [...steps, index]));
    return set;
  }

  bare(node: JsonNode, steps: Steps): object {
    return this.object(this.members(node), steps, Object.create(null));
  }

  plain(node: JsonNode, steps: Steps): object {
    return this.object(this.members(node), steps, {});
  }

  /** For text that makes a value. */
  made<T>(node: JsonNode, steps: Steps, make: (text: string) => T): T {
    const text = this.string(node);
    try {
      return this.noted(make(text), steps);
    } catch {
      throw this.wrong(node, 'this makes no such value');
    }
  }

  date(node: JsonNode, steps: Steps): Date {
    const isNone = node.kind === 'plain' && node.value === null;
    const date = this.noted(new Date(isNone ? Number.NaN : this.string(node)), steps);
    if (!isNone && Number.isNaN(date.getTime())) {
      throw this.wrong(node, 'this is no date. Write one like 2026-11-27T14:25:49.120Z, or null for an invalid one');
    }
    return date;
  }

  regexp(node: JsonNode, steps: Steps): RegExp {
    const [source, flags] = this.items(node);
    if (!source || !flags) throw this.wrong(node, 'a RegExp is a list of source and flags');
    return this.made(source, steps, (text) => new RegExp(text, this.string(flags)));
  }

  word<T>(node: JsonNode, value: T): T {
    if (node.kind === 'plain' && node.value === true) return value;
    throw this.wrong(node, 'write true here');
  }

  private string(node: JsonNode): string {
    if (node.kind === 'plain' && typeof node.value === 'string') return node.value;
    throw this.wrong(node, 'write a text in quotes here');
  }

  private items(node: JsonNode): readonly JsonNode[] {
    if (node.kind === 'list') return node.items;
    throw this.wrong(node, 'write a list here');
  }

  private members(node: JsonNode): readonly JsonMember[] {
    if (node.kind === 'object') return node.members;
    throw this.wrong(node, 'write an object here');
  }

  private wrong({ at }: { readonly at: number }, what: string): TextError {
    return new TextError(this.text, at, what);
  }
}

const NUMBERS: Readonly<Record<string, number>> = { '-0': -0, NaN: Number.NaN, Infinity, '-Infinity': -Infinity };

/** What makes a value of each written form, by its name. */
const FORMS: Readonly<Record<string, Make>> = {
  [PLACEHOLDER]: Reader.prototype.placeholder,
  $same: Reader.prototype.same,
  $map: Reader.prototype.map,
  $set: Reader.prototype.set,
  $bare: Reader.prototype.bare,
  $object: Reader.prototype.plain,
  $date: Reader.prototype.date,
  $regexp: Reader.prototype.regexp,
  $undefined(node) {
    return this.word(node, undefined);
  },
  $hole(node) {
    return this.word(node, HOLE);
  },
  $bigint(node, steps) {
    return this.made(node, steps, (text) => BigInt(/^-?\d+$/.test(text) ? text : 'none'));
  },
  $number(node, steps) {
    return this.made(node, steps, (text) => {
      const value = Object.hasOwn(NUMBERS, text) ? NUMBERS[text] : undefined;
      if (value === undefined) throw new TypeError('no number');
      return value;
    });
  },
  $url(node, steps) {
    return this.made(node, steps, (text) => new URL(text));
  },
  $params(node, steps) {
    return this.made(node, steps, (text) => new URLSearchParams(text));
  },
  $ArrayBuffer(node, steps) {
    return this.made(node, steps, bytesFrom);
  },
  $Buffer(node, steps) {
    return this.made(node, steps, (text) => Buffer.from(bytesFrom(text)));
  },
  ...Object.fromEntries(
    VIEWS.map((name): [string, Make] => [
      `$${name}`,
      function view(node, steps) {
        const type = Reflect.get(globalThis, name) as TypedArrayType;
        return this.made(node, steps, (text) => new type(bytesFrom(text)));
      },
    ]),
  ),
};

function bytesFrom(text: string): ArrayBuffer {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new TypeError('no base64');
  return new Uint8Array(Buffer.from(text, 'base64')).buffer;
}
