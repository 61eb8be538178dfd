import type { JSX } from 'preact';
import type { Line } from '../../arguments/shown-arguments.js';

/** The colours of arguments; a hidden value is hatched, and says so. */
const CLASSES: Readonly<Record<string, string>> = {
  key: 'k',
  string: 's',
  number: 'm',
  word: 'm',
  type: 'm',
  more: 'l',
  redacted: 'red',
};

/** A line of arguments. */
export function ArgumentLine({ line }: { readonly line: Line }): JSX.Element {
  return (
    <>
      {line.map(({ kind, text }, i) => (
        <span key={i} class={CLASSES[kind]}>
          {text}
        </span>
      ))}
    </>
  );
}
