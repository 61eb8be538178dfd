import { counted } from '../../values/counted.js';
import { printable } from '../../values/printable.js';
import { timeLength } from '../../values/time-length.js';
import type { TaskOutcome } from './task-outcome.js';

/** Until when the end of a task is kept, in a sentence; undefined where only a mark is left. */
export function keptSentence({ kind, keptUntil }: TaskOutcome, now: number): string | undefined {
  if (!keptUntil) return undefined;
  const what = kind === 'done' ? 'what it returned' : 'how it ended';
  return `Redis keeps ${what} for another ${timeLength(Math.max(keptUntil.getTime() - now, 0))}.`;
}

const WORDS = {
  unkept: 'done, and its value is lost',
  passed: 'done, and tasks that it added to its flow have its value',
};

/** `failed after 3 attempts: TASK_FAILED: Error: no`, on one line and without the value. */
export function outcomeText(outcome: TaskOutcome): string {
  const { kind, attempts } = outcome;
  const words = WORDS[kind as keyof typeof WORDS] ?? kind;
  const why = whyText(outcome);
  return `${words}${!attempts ? '' : ` after ${counted(attempts, 'attempt')}`}${why && `: ${why}`}`;
}

/** `TASK_FAILED: Error: no`; '' for what is no failure. */
export function whyText({ code, error = '' }: TaskOutcome): string {
  return [code, printable(error.split('\n')[0] ?? '')].filter(Boolean).join(': ');
}
