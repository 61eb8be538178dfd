import { onKey } from '../keys.js';

const rows = (): HTMLElement[] =>
  [...document.querySelectorAll<HTMLElement>('[data-list] > tbody > tr[data-row]')].filter(
    // one that leads nowhere has nothing to focus
    (row) => row.offsetParent !== null && aimOf(row),
  );

const aimOf = (row: Element | undefined): HTMLElement | null | undefined =>
  // its name opens the row; a box to select it comes before that
  row?.querySelector<HTMLElement>('a.name') ?? row?.querySelector<HTMLElement>('a,button,input');

let last = -1;

function move(by: number): void {
  const all = rows();
  if (all.length === 0) return;
  const here = all.findIndex((row) => row.contains(document.activeElement));
  const from = here >= 0 ? here : last;
  last = Math.max(0, Math.min(all.length - 1, from + by));
  aimOf(all[last])?.focus({ preventScroll: true });
  all[last]?.scrollIntoView({ block: 'nearest' });
}

function select(event: KeyboardEvent): void {
  const row = document.activeElement?.closest('tr[data-row]');
  const box = row?.querySelector<HTMLInputElement>('.pick input');
  if (!box) return;
  event.preventDefault();
  box.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, shiftKey: event.shiftKey }));
}

/** The keys of all tables. Enter follows the link that has the focus by itself. */
export function followRowKeys(): void {
  onKey('j', () => move(1));
  onKey('k', () => move(-1));
  onKey(' ', select);
  addEventListener('hashchange', () => {
    last = -1;
  });
}
