import { type Call, type Read, read } from './route.js';

/** What a person is asked before an action: the server that does it knows what becomes of it. */
export interface ActionQuestion {
  /** `Cancel 3 tasks?` */
  readonly title: string;
  /** the consequences: at most three short lines */
  readonly lines: readonly string[];
  /** the words of the button that does it; without them there is nothing to do */
  readonly main?: string;
  /** it cannot be taken back */
  readonly grave?: boolean;
  /** the words of the safe button */
  readonly close?: string;
  /** what must be typed first */
  readonly typed?: string | undefined;
}

/** From so many on, the number of what is deleted for ever must be typed. */
const MANY = 100;

/** A GET of the address of an action: what the POST of it would do. */
export function question(path: string, answer: (call: Call) => Promise<ActionQuestion>): Read {
  return read(path, answer);
}

/** What must be typed before tasks are gone for ever: their number, if they are many, or more may be found on the way. */
export function typedFor(tasks: number, isWhole = true): string | undefined {
  return tasks >= MANY || !isWhole ? String(tasks) : undefined;
}
