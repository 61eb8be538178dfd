import type { ComponentChildren, JSX } from 'preact';
import { useCallback, useState } from 'preact/hooks';
import { useKey } from '../keys.js';
import { type DashboardAction, useSession } from '../session.js';
import { words } from './words.js';

interface DoProps {
  /** what the person must be allowed to do */
  readonly right?: DashboardAction;
  /** why it cannot be done now, though the right is there */
  readonly off?: string | undefined;
  readonly run: () => unknown;
  readonly kind?: 'plain' | 'main' | 'grave' | 'bare' | 'main grave';
  readonly small?: boolean | undefined;
  /** a letter that does the same */
  readonly letter?: string;
  /** for screen readers, where the words are too few: `Resume queue mail` */
  readonly label?: string;
  readonly children: ComponentChildren;
}

/** A button that does something. What a right does not allow is disabled, and says so; what failed stands beside it. */
export function Do({ right, off, run, kind = 'bare', small, letter, label, children }: DoProps): JSX.Element {
  const { denials, rights } = useSession();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string>();
  const reason = right !== undefined && !rights[right] ? denials[right] : off;
  const isOff = reason !== undefined || busy;
  const press = useCallback(async () => {
    if (isOff) return;
    setBusy(true);
    setFailure(undefined);
    try {
      await run();
    } catch (error) {
      setFailure((error as Error).message);
    }
    setBusy(false);
  }, [isOff, run]);
  const byKey = useCallback(
    (event: KeyboardEvent) => {
      event.preventDefault();
      void press();
    },
    [press],
  );
  useKey(letter, letter ? byKey : undefined);
  // one that is truly disabled has no focus, and so no tooltip
  return (
    <>
      <button
        type="button"
        class={`${kind} ${small ? 'small' : ''}`}
        aria-disabled={isOff || undefined}
        aria-busy={busy || undefined}
        aria-label={label}
        data-tip={reason}
        onClick={(event) => {
          event.stopPropagation();
          void press();
        }}
      >
        {children}
        {letter && <kbd class="m0">{letter}</kbd>}
      </button>
      {failure && (
        <span class="failure" role="alert">
          {words(failure)}
        </span>
      )}
    </>
  );
}
