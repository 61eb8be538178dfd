import type { JSX } from 'preact';
import { n, type StateName } from '../../page/parts/index.js';
import type { GroupLine } from './wire.js';

type Counts = Pick<GroupLine, 'total' | 'done' | 'failed' | 'dropped' | 'cancelled' | 'waiting'>;

/** What is done, what has ended otherwise, and what is left, as a bar. */
export function Progress({ of }: { readonly of: Counts }): JSX.Element {
  const { total, done, failed, dropped, cancelled } = of;
  const parts: readonly (readonly [StateName, number])[] = [
    ['done', done],
    ['dead', failed],
    ['cancelled', dropped + cancelled],
  ];
  return (
    <div
      class="parts"
      role="progressbar"
      aria-label="Tasks that have ended"
      aria-valuemin={0}
      aria-valuemax={total}
      aria-valuenow={done + failed + dropped + cancelled}
      aria-valuetext={wordsOf(of)}
    >
      {parts.map(([state, count]) => count > 0 && <i key={state} class={state} style={{ flex: `${count} 0 3px` }} />)}
      {of.waiting > 0 && <i style={{ flex: `${of.waiting} 0 0` }} />}
    </div>
  );
}

/** `9,998 of 10,000 done, 1 failed, 1 waits` */
export function wordsOf({ total, done, failed, dropped, cancelled, waiting }: Counts): string {
  const others = { failed, dropped, cancelled, 'not ended': waiting };
  const words = Object.entries(others).flatMap(([word, count]) => (count > 0 ? [`${n(count)} ${word}`] : []));
  return [`${n(done)} of ${n(total)} done`, ...words].join(', ');
}
