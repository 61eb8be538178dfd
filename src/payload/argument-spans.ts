import { type Entry, type Group, KEY_STEP, type Span, type Step, shapeOf } from './argument-shape.js';

/** Decides which values are hidden, along the way to them. */
export interface Hider {
  /** Whether the value at this place is hidden, with all that is in it. */
  hides(value: unknown): boolean;
  /** For a place inside the value at this place. */
  inside(step: Step): Hider;
}

/** Shows everything. */
export const NOTHING_HIDDEN: Hider = { hides: () => false, inside: () => NOTHING_HIDDEN };

/** Takes the text of a value piece by piece, until it has enough. */
export interface Sink {
  readonly isFull: boolean;
  add(span: Span): void;
}

/** More levels than any arguments have that can be sent. */
const MOST_LEVELS = 80;
/** More than arguments of the largest size take, unless they hold one object many times. */
const MOST_SEARCHED = 400_000;

const COMMA: Span = { kind: 'mark', text: ', ' };
export const REDACTED: Span = { kind: 'redacted', text: 'redacted' };
export const CIRCULAR: Span = { kind: 'more', text: '[circular]' };

/**
 * The text of arguments on one line: what a search for a text looks at.
 *
 * @param most characters, about; of what is longer the beginning
 * @example
 * argumentText([7, { weekly: true }]); // '[7, {weekly: true}]'
 */
export function argumentText(args: readonly unknown[], hider: Hider = NOTHING_HIDDEN, most = MOST_SEARCHED): string {
  let text = '';
  const sink: Sink = {
    get isFull() {
      return text.length > most;
    },
    add: (span) => {
      text += span.text;
    },
  };
  writeLine(args, { hider, mostOfText: most, around: [] }, sink);
  return sink.isFull ? `${text}…` : text;
}

/** Where a value stands, and how much of a string to show. */
export interface Spot {
  readonly hider: Hider;
  readonly mostOfText: number;
  /** the objects that contain it */
  readonly around: readonly object[];
}

/** A value on one line. A value inside itself is shown as `[circular]`. */
export function writeLine(value: unknown, spot: Spot, sink: Sink): void {
  if (spot.hider.hides(value)) return sink.add(REDACTED);
  const shape = shapeOf(value, spot.mostOfText);
  if ('spans' in shape) {
    for (const span of shape.spans) sink.add(span);
    return;
  }
  const object = value as object;
  if (spot.around.includes(object)) return sink.add(CIRCULAR);
  if (spot.around.length > MOST_LEVELS) return sink.add({ kind: 'more', text: '…' });
  for (const span of opened(shape)) sink.add(span);
  const inner = { ...spot, around: [...spot.around, object] };
  let isFirst = true;
  for (const entry of shape.entries()) {
    if (sink.isFull) return;
    if (!isFirst) sink.add(COMMA);
    isFirst = false;
    writeLabel(entry, inner, sink);
    writeLine(entry.value, { ...inner, hider: spot.hider.inside(entry.step) }, sink);
  }
  sink.add({ kind: 'mark', text: shape.close });
}

/** How a group begins. */
export function opened({ type, open }: Group): readonly Span[] {
  const mark: Span = { kind: 'mark', text: open };
  return type === '' ? [mark] : [{ kind: 'type', text: type }, mark];
}

/**
 * What stands before a value: its name, or the key of a Map.
 *
 * @param spot of the value that contains it
 */
export function writeLabel({ name, key, step }: Entry, spot: Spot, sink: Sink): void {
  if (name !== undefined) {
    sink.add({ kind: 'key', text: name });
    sink.add({ kind: 'mark', text: ': ' });
  }
  if (!key) return;
  writeLine(key.value, { ...spot, hider: spot.hider.inside(step).inside(KEY_STEP) }, sink);
  sink.add({ kind: 'mark', text: ' => ' });
}
