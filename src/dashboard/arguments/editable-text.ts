import { bytesOf, KEY_STEP, type Step } from '../../payload/argument-shape.js';
import type { Hider } from '../../payload/argument-spans.js';
import { carriedClass } from '../../values/carried-kinds.js';
import { pathText } from './redaction-path.js';
import { type HiddenValue, PLACEHOLDER, type Written } from './written-form.js';

/** Arguments as a text that people may change. */
export interface EditableText {
  readonly text: string;
  /** the values behind the placeholders, by their number */
  readonly hidden: readonly HiddenValue[];
}

/**
 * Writes arguments as JSON, in which each value that JSON has no word for is an object with one name: `{"$date": "..."}`.
 * `readEditable` makes exactly the same arguments of it.
 */
export function editableText(args: readonly unknown[], hider: Hider): EditableText {
  const writer = new Writer();
  const list = args.map((value, index) => writer.value(value, hider.inside(index), [index]));
  return { text: JSON.stringify(list, undefined, 2), hidden: writer.hidden };
}

class Writer {
  readonly hidden: HiddenValue[] = [];
  /** where each object stands that was written: another place of the same one names that */
  private readonly written = new Map<object, string>();

  value(value: unknown, hider: Hider, steps: readonly Step[]): Written {
    if (hider.hides(value)) {
      this.hidden.push({ path: pathText(steps), value });
      return { [PLACEHOLDER]: this.hidden.length };
    }
    switch (typeof value) {
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0)
          ? value
          : { $number: Object.is(value, -0) ? '-0' : String(value) };
      case 'bigint':
        return { $bigint: String(value) };
      case 'undefined':
        return { $undefined: true };
      case 'object':
        return value === null ? null : this.object(value, hider, steps);
      default:
        return value as string | boolean;
    }
  }

  private object(value: object, hider: Hider, steps: readonly Step[]): Written {
    const place = this.written.get(value);
    if (place !== undefined) return { $same: place };
    this.written.set(value, pathText(steps));
    const inner: Inner = (one, step) => this.value(one, hider.inside(step), [...steps, step]);
    const prototype: object | null = Object.getPrototypeOf(value);
    const kind = prototype === null ? undefined : carriedClass(value, prototype);
    switch (kind) {
      case undefined:
        return this.properties(value, prototype === null, inner);
      case 'Array':
        return elements(value as unknown[], inner);
      case 'Map':
        return { $map: this.entries(value as Map<unknown, unknown>, hider, steps) };
      case 'Set':
        return { $set: Array.from(value as Set<unknown>, (one, index) => inner(one, index)) };
      case 'Date': {
        const time = (value as Date).getTime();
        return { $date: Number.isNaN(time) ? null : new Date(time).toISOString() };
      }
      case 'RegExp':
        return { $regexp: [(value as RegExp).source, (value as RegExp).flags] };
      case 'URL':
        return { $url: (value as URL).href };
      case 'URLSearchParams':
        return { $params: String(value) };
      default:
        return { [`$${kind}`]: bytesOf(value as ArrayBuffer | ArrayBufferView).toString('base64') };
    }
  }

  private entries(map: ReadonlyMap<unknown, unknown>, hider: Hider, steps: readonly Step[]): Written[] {
    return Array.from(map, ([key, value], index): Written => {
      const step = typeof key === 'string' ? key : index;
      const ofKey = hider.inside(step).inside(KEY_STEP);
      // a path with a hidden key in it would show that
      const way = [...steps, ofKey.hides(key) ? index : step];
      return [this.value(key, ofKey, [...way, KEY_STEP]), this.value(value, hider.inside(step), way)];
    });
  }

  private properties(value: object, isBare: boolean, inner: Inner): Written {
    const written: Record<string, Written> = Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, inner(one, name)]),
    );
    // an object that looks like a written form is none
    const isPlain = !isBare && !Object.keys(value).some((name) => name.startsWith('$'));
    return isPlain ? written : { [isBare ? '$bare' : '$object']: written };
  }
}

type Inner = (value: unknown, step: Step) => Written;

function elements(array: readonly unknown[], inner: Inner): Written {
  const list = Array.from({ length: array.length }, (_, index): Written => {
    return Object.hasOwn(array, index) ? inner(array[index], index) : { $hole: true };
  });
  return list;
}
