import type { TaskLogLine, TaskProgress } from '../task/task-notes.js';
import { instant } from '../terminal/figures.js';
import { printable } from '../values/printable.js';

/** A line of the log has fewer characters. */
const MOST_OF_A_LINE = 10_000;

/** `40 % (parsed)` */
export function progressText({ value, message }: TaskProgress): string {
  const percent = `${Math.floor(value * 100)} %`;
  return message === undefined ? percent : `${percent} (${printable(message)})`;
}

/** What a task noted, as lines of `show`. */
export function notesText(progress: TaskProgress | undefined, log: readonly TaskLogLine[]): string[] {
  const lines = log.map(({ at, attempt, message }) => {
    return `log       ${instant(at)}  attempt ${attempt}  ${printable(message, MOST_OF_A_LINE)}`;
  });
  if (!progress) return lines;
  const { at, attempt } = progress;
  return [`progress  ${progressText(progress)}, ${instant(at)}, attempt ${attempt}`, ...lines];
}
