import type { ComponentChildren } from 'preact';

/** A text in which backticks mark code, as those of the server do; what is no text stays as it is. */
export function words(text: ComponentChildren): ComponentChildren {
  if (typeof text !== 'string') return text;
  return text.split('`').map((part, i) => (i % 2 ? <code key={i}>{part}</code> : part));
}
