import { Cell } from './store.js';

/** What screen readers say next, politely. */
export const announcement = new Cell('');

export function say(text: string): void {
  // the same words again would not be said
  announcement.set(announcement.value === text ? `${text} ` : text);
}
