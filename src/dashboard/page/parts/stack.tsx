import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Code } from './code.js';

interface Line {
  readonly text: string;
  /** `e`: the error; `l`: of a library */
  readonly look?: 'e' | 'l';
}

/** With the lines of libraries and of Node folded: what is one's own stands out. */
function folded(text: string): readonly Line[] {
  const shown: Line[] = [];
  let others = 0;
  const unfold = (): void => {
    if (others > 0)
      shown.push({ text: `    ${others} more ${others === 1 ? 'line' : 'lines'} of libraries`, look: 'l' });
    others = 0;
  };
  for (const line of text.split('\n')) {
    const isFrame = /^\s+at /.test(line);
    if (isFrame && /node_modules|node:|<anonymous>/.test(line)) {
      others += 1;
      continue;
    }
    unfold();
    shown.push({ text: line, ...(!isFrame && { look: 'e' as const }) });
  }
  unfold();
  return shown;
}

/** The stack of an error. */
export function Stack({ text }: { readonly text: string }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const lines = isOpen ? text.split('\n').map((line): Line => ({ text: line })) : folded(text);
  return (
    <>
      <Code block copy={text}>
        {lines.map((line, i) => (
          <span key={i} class={line.look}>
            {line.text}
            {'\n'}
          </span>
        ))}
      </Code>
      {lines.some(({ look }) => look === 'l') && (
        <button type="button" class="bare small" onClick={() => setOpen(true)}>
          Show all lines
        </button>
      )}
    </>
  );
}
