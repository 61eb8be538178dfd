import type { StateName } from '../../page/parts/glyph.js';
import type { TaskView } from './wire.js';

/** A part of the life of a task, for the bar above its timeline. */
export interface LifePart {
  readonly glyph: StateName;
  readonly word: string;
  readonly ms: number;
}

/** How long it waited, ran and waited again, as far as Redis knows. */
export function lifeOf(events: TaskView['events'], now: number): readonly LifePart[] {
  const times = events.filter((event) => event.at !== undefined);
  const parts: LifePart[] = [];
  for (const [index, event] of times.entries()) {
    const from = event.at as number;
    const next = times[index + 1];
    const isLast = next === undefined;
    const isOver = ['dead', 'done', 'cancelled'].includes(event.glyph);
    const length = (next?.at ?? now) - from;
    if (isOver || length <= 0) continue;
    const word =
      event.glyph === 'failed' ? (isLast ? 'waits' : 'backoff') : event.glyph === 'active' ? 'runs' : 'waits';
    parts.push({
      glyph: event.glyph === 'failed' ? 'retry' : event.glyph === 'active' ? 'active' : 'pending',
      word,
      ms: length,
    });
  }
  return parts;
}
