import { useEffect } from 'preact/hooks';
import { letters } from './settings.js';

type Does = (event: KeyboardEvent) => void;

/** The last one that wants a key gets it: a view before the frame around it. */
const wanted = new Map<string, Does[]>();

/** @returns a function that ends it */
export function onKey(key: string, does: Does): () => void {
  const all = wanted.get(key) ?? [];
  wanted.set(key, [...all, does]);
  return () =>
    wanted.set(
      key,
      (wanted.get(key) ?? []).filter((each) => each !== does),
    );
}

/** Does something at a key, for as long as the component is there. Without a function the key is left to others. */
export function useKey(key: string | undefined, does: Does | undefined): void {
  useEffect(() => (key && does ? onKey(key, does) : undefined), [key, does]);
}

const FIELD = 'input:not([type=checkbox],[type=radio]),textarea,select,[contenteditable]';

export function followKeys(): void {
  addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector('dialog[open]'))
      return;
    const at = target instanceof Element ? target : undefined;
    if (at?.matches(FIELD)) {
      if (key === 'Escape') (at as HTMLElement).blur();
      return;
    }
    if (key.length === 1 && key !== ' ' && letters.value === 'off') return;
    // it presses the button that has the focus
    if (key === ' ' && at?.matches('button,summary,input,[role=button]')) return;
    const does = wanted.get(key)?.at(-1);
    if (!does) return;
    does(event);
  });
}
