import { type Group, type Span, shapeOf } from '../../payload/argument-shape.js';
import {
  CIRCULAR,
  type Hider,
  opened,
  REDACTED,
  type Sink,
  writeLabel,
  writeLine,
} from '../../payload/argument-spans.js';

/** A line of the arguments of a task. */
export type Line = readonly Span[];

/** Arguments as the page shows them. */
export interface ShownArguments {
  readonly lines: readonly Line[];
  /** whether all is shown, hidden values aside */
  readonly complete: boolean;
}

/** How much of arguments to show. */
export interface Bounds {
  readonly lines: number;
  /** parts of one object or list */
  readonly parts: number;
  /** characters of one string */
  readonly text: number;
}

/** What fits into a page that is read again each second. */
export const SHORT: Bounds = { lines: 200, parts: 50, text: 500 };
/** What a page takes that somebody asked for. */
export const LONG: Bounds = { lines: 10_000, parts: 5_000, text: 300_000 };

/** Characters of a line before its value is broken into several. */
const WIDTH = 76;
const MOST_LEVELS = 40;

/** Arguments as lines: each argument begins one, and what fits stays on one line. */
export function shownArguments(args: readonly unknown[], hider: Hider, bounds: Bounds): ShownArguments {
  const writer = new Writer(bounds);
  let index = 0;
  for (const value of args) {
    if (writer.isFull) break;
    const name: Line = [
      { kind: 'key', text: `[${index}]` },
      { kind: 'mark', text: '  ' },
    ];
    writer.value(value, { hider: hider.inside(index), before: name, after: [], around: [] });
    index += 1;
  }
  if (index < args.length) writer.more(args.length - index, 'arguments', 0);
  return { lines: writer.lines, complete: writer.complete };
}

/** One value as lines. */
export function shownValue(value: unknown, hider: Hider, bounds: Bounds): ShownArguments {
  const writer = new Writer(bounds);
  writer.value(value, { hider, before: [], after: [], around: [] });
  return { lines: writer.lines, complete: writer.complete };
}

/** Arguments on one line of a table. */
export function briefArguments(args: readonly unknown[], hider: Hider, most: number): Line {
  const line = new OneLine(most);
  writeLine(args, { hider, mostOfText: most, around: [] }, line);
  return line.isFull ? [...line.spans, { kind: 'more', text: '…' }] : line.spans;
}

class OneLine implements Sink {
  readonly spans: Span[] = [];
  private length = 0;

  constructor(private readonly most: number) {}

  get isFull(): boolean {
    return this.length > this.most;
  }

  add(span: Span): void {
    if (this.isFull) return;
    this.spans.push(span);
    this.length += span.text.length;
  }
}

interface Spot {
  readonly hider: Hider;
  readonly before: Line;
  readonly after: Line;
  /** the objects that contain it */
  readonly around: readonly object[];
}

class Writer {
  readonly lines: Line[] = [];
  complete = true;

  constructor(private readonly bounds: Bounds) {}

  get isFull(): boolean {
    return this.lines.length >= this.bounds.lines;
  }

  value(value: unknown, spot: Spot): void {
    const { hider, before, after, around } = spot;
    const line = this.inOneLine(value, spot);
    if (line) this.lines.push([...before, ...line, ...after]);
    else if (hider.hides(value)) this.lines.push([...before, REDACTED, ...after]);
    else if (around.includes(value as object)) this.lines.push([...before, CIRCULAR, ...after]);
    else {
      const shape = shapeOf(value, this.bounds.text);
      if ('spans' in shape) this.leaf(shape.spans, spot);
      else this.group(shape, { ...spot, around: [...around, value as object] });
    }
  }

  more(count: number, what: string, level: number): void {
    this.complete = false;
    const text = `${'  '.repeat(level)}… ${count.toLocaleString('en-US')} more${what && ` ${what}`}`;
    this.lines.push([{ kind: 'more', text }]);
  }

  private leaf(spans: readonly Span[], { before, after }: Spot): void {
    if (spans.some(({ kind }) => kind === 'more')) this.complete = false;
    this.lines.push([...before, ...spans, ...after]);
  }

  private group(shape: Group, { hider, before, after, around }: Spot): void {
    const level = around.length;
    this.lines.push([...before, ...opened(shape)]);
    let done = 0;
    for (const entry of shape.entries()) {
      if (this.isFull || done >= this.bounds.parts || level > MOST_LEVELS) break;
      done += 1;
      const indent: Span = { kind: 'mark', text: '  '.repeat(level) };
      // a key of a Map is no more than a part of a line
      const label = new OneLine(WIDTH);
      writeLabel(entry, { hider, mostOfText: WIDTH, around }, label);
      this.value(entry.value, {
        hider: hider.inside(entry.step),
        before: [indent, ...label.spans],
        after: done < shape.size ? [{ kind: 'mark', text: ',' }] : [],
        around,
      });
    }
    if (done < shape.size) this.more(shape.size - done, '', level);
    this.lines.push([{ kind: 'mark', text: `${'  '.repeat(level - 1)}${shape.close}` }, ...after]);
  }

  /** undefined when it takes more room, or would leave something out */
  private inOneLine(value: unknown, { hider, before, around }: Spot): Line | undefined {
    const line = new OneLine(WIDTH - before.reduce((sum, { text }) => sum + text.length, 0));
    writeLine(value, { hider, mostOfText: WIDTH, around }, line);
    return line.isFull || line.spans.some(({ kind }) => kind === 'more') ? undefined : line.spans;
  }
}
