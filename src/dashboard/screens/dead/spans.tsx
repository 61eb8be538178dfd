import type { JSX } from 'preact';
import type { Line } from './wire.js';

/** Arguments on one line; a hidden value says so. */
export function Spans({ line }: { readonly line: Line }): JSX.Element {
  return (
    <code class="dim">
      {line.map(({ kind, text }, i) => (
        <span key={i} class={kind === 'redacted' ? 'red' : undefined}>
          {text}
        </span>
      ))}
    </code>
  );
}
