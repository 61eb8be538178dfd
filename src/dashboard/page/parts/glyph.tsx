import type { ComponentChildren, JSX } from 'preact';

const THIN = {
  fill: 'none',
  stroke: 'currentColor',
  'stroke-width': 1.4,
  'stroke-linecap': 'round',
  'stroke-linejoin': 'round',
} as const;
const CROSS = 'M4.7 4.7l4.6 4.6m0-4.6L4.7 9.3';

const disc = (r = 5.2): JSX.Element => <circle cx="7" cy="7" r={r} {...THIN} />;
const line = (d: string): JSX.Element => <path d={d} {...THIN} />;
const cut = (d: string): JSX.Element => <path d={d} {...THIN} stroke="var(--paper)" stroke-width={1.6} />;

/** Every state has a shape of its own: it can be told without colour. */
const SHAPES = {
  pending: () => disc(4.9),
  scheduled: () => [disc(5.4), line('M7 4v3.2l2.1 1.3')],
  active: () => [disc(), <path d="M5.6 4.5v5l4-2.5z" fill="currentColor" />],
  done: () => [<circle cx="7" cy="7" r="6" fill="currentColor" />, cut('M4.3 7.2l1.9 1.9 3.5-4')],
  dead: () => [<rect x="1" y="1" width="12" height="12" rx="2.5" fill="currentColor" />, cut(CROSS)],
  failed: () => [<rect x="1.7" y="1.7" width="10.6" height="10.6" rx="2.3" {...THIN} />, line(CROSS)],
  held: () => [line('M7 .9L13.1 7 7 13.1.9 7z'), line('M5.7 5v4m2.6-4v4')],
  cancelled: () => [disc(), line('M3.6 10.4l6.8-6.8')],
  retry: () => line('M11.6 7A4.7 4.7 0 1 1 9.9 3.4M10.2 1v2.7H7.5'),
  sent: () => line('M2 7h9M7.6 3.5L11.2 7l-3.6 3.5'),
  quiet: () => [disc(), line('M4.6 7h4.8')],
} satisfies Record<string, () => ComponentChildren>;

export type StateName = keyof typeof SHAPES;

/** The colour of a shape that has none of its own. */
const COLOURS: Partial<Record<StateName, StateName>> = {
  failed: 'dead',
  retry: 'held',
  sent: 'pending',
  quiet: 'held',
};

/** The class that sets `--c` to the colour of a state. */
export const colourOf = (state: StateName): string => COLOURS[state] ?? state;

/** The shape of a state. A word belongs beside it. */
export function Glyph({ of, class: more = '' }: { readonly of: StateName; readonly class?: string }): JSX.Element {
  return (
    <svg class={`g ${colourOf(of)} ${more}`} viewBox="0 0 14 14" aria-hidden="true">
      {SHAPES[of]()}
    </svg>
  );
}

const WORDS: Partial<Record<StateName, string>> = { held: 'held back', failed: 'attempt failed', retry: 'backoff' };

/** A state: shape, word and colour. */
export function State({ of, word }: { readonly of: StateName; readonly word?: ComponentChildren }): JSX.Element {
  return (
    <span class={`st ${colourOf(of)}`}>
      <Glyph of={of} />
      <em>{word ?? WORDS[of] ?? of}</em>
    </span>
  );
}
