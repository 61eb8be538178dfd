import type { ComponentChildren, JSX } from 'preact';
import { say } from '../announce.js';
import { Icon } from './icon.js';

/** Puts a text into the clipboard. */
export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // without TLS there is no clipboard
    const field = document.createElement('textarea');
    field.value = text;
    (document.querySelector('dialog[open]') ?? document.body).append(field);
    field.select();
    document.execCommand('copy');
    field.remove();
  }
  say('Copied');
}

/** Copies a text. */
export function Copy({ text, label = 'Copy' }: { readonly text: string; readonly label?: string }): JSX.Element {
  return (
    <button
      type="button"
      class="bare icon small"
      aria-label={`${label} ${text.slice(0, 60)}`}
      data-tip={label}
      onClick={() => void copy(text)}
    >
      <Icon name="copy" />
    </button>
  );
}

/** Text in a fixed width: an id, or a block with a button that copies it. */
export function Code({
  children,
  copy: text,
  block,
}: {
  readonly children: ComponentChildren;
  readonly copy?: string;
  readonly block?: boolean;
}): JSX.Element {
  if (block) {
    return (
      <div class="block">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways, also by keys */}
        <pre class="stack" tabIndex={0}>
          {children}
        </pre>
        {text !== undefined && <Copy text={text} />}
      </div>
    );
  }
  return (
    <span>
      <code>{children}</code>
      {text !== undefined && <Copy text={text} />}
    </span>
  );
}
