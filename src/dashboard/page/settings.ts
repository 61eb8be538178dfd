import { Cell } from './store.js';

/** What a person chooses for this browser. It works without storage too, until the page is closed. */
function kept<T extends string>(name: string, fallback: T): Cell<T> {
  const key = `nestwork.${name}`;
  const cell = new Cell(fallback);
  try {
    cell.set((localStorage.getItem(key) as T | null) ?? fallback);
    cell.follow((value) => localStorage.setItem(key, value));
  } catch {
    // storage is forbidden here
  }
  return cell;
}

export const theme = kept<'system' | 'light' | 'dark'>('theme', 'system');
/** whether times are shown as `14:02:11` instead of `3 min ago` */
export const clockTimes = kept<'on' | 'off'>('clock', 'off');
/** whether single letters are keys: people who dictate turn them off */
export const letters = kept<'on' | 'off'>('letters', 'on');
/** whether the picture stands still: then nothing is asked */
export const paused = new Cell(false);
/** whether the tab is hidden: then nothing is asked either */
export const hidden = new Cell(document.hidden);

export function applySettings(): void {
  document.addEventListener('visibilitychange', () => hidden.set(document.hidden));
  const apply = (): void => {
    const { dataset } = document.documentElement;
    if (theme.value === 'system') delete dataset.theme;
    else dataset.theme = theme.value;
  };
  theme.follow(apply);
  apply();
}

/** Whether nothing may be asked of the server now. */
export function rests(): boolean {
  return paused.value || hidden.value;
}

/** Calls a function each time when asking is allowed again, or no longer. @returns a function that ends it */
export function followRest(follower: () => void): () => void {
  const ends = [paused.follow(follower), hidden.follow(follower)];
  return () => {
    for (const end of ends) end();
  };
}
