import type { JSX } from 'preact';

/** Paths in a square of 16; a dot at the start fills instead of drawing a line. */
const ICONS = {
  mark: ['M1.5 7.5a6.5 6.5 0 0 0 13 0M4.5 7.5a3.5 3.5 0 0 0 7 0', '.M8 2.6a2 2 0 1 0 0 4a2 2 0 1 0 0-4z'],
  overview: ['M1.5 8.5h3l2-5 3 9 2-4h3'],
  queues: ['M2 4.5h9M2 8h12M2 11.5h6'],
  tasks: ['M2 4h1.5M2 8h1.5M2 12h1.5M6 4h8M6 8h8M6 12h5'],
  scheduled: ['M2.5 3.5h11v10h-11zM2.5 6.5h11M5.5 2v2.5M10.5 2v2.5'],
  names: ['M2.5 13.5v-4M6.2 13.5v-9M9.8 13.5v-6M13.5 13.5v-11'],
  limits: ['M2 11.5a6 6 0 0 1 12 0M8 11.5l2.8-4'],
  groups: ['M2.5 8h3c3 0 2-4.5 5-4.5h3M5.5 8c3 0 2 4.5 5 4.5h3'],
  crons: ['M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2zM8 4.6V8l2.3 1.6'],
  workers: ['M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM9 9h5v5H9z'],
  dead: ['M2.5 2.5h11v11h-11zM5.8 5.8l4.4 4.4m0-4.4l-4.4 4.4'],
  actions: ['M8 7.2a2.6 2.6 0 1 0 0-5.2a2.6 2.6 0 1 0 0 5.2zM3 14c0-2.8 2-4.4 5-4.4s5 1.6 5 4.4'],
  send: ['M2 8h10M8.5 4.2L12.3 8l-3.8 3.8'],
  theme: ['M8 2.4a5.6 5.6 0 1 0 0 11.2A5.6 5.6 0 1 0 8 2.4z', '.M8 2.4a5.6 5.6 0 0 1 0 11.2z'],
  copy: ['M5.5 5.5h8v8h-8zM3.5 10.5h-1v-8h8v1'],
  more: ['M6 4l4 4-4 4'],
  less: ['M4 6l4 4 4-4'],
  dots: ['M3 8h.01M8 8h.01M13 8h.01'],
} as const;

export type IconName = keyof typeof ICONS;

/** A picture beside a word: it carries no meaning of its own. */
export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class={`i ${name}`} viewBox="0 0 16 16" aria-hidden="true">
      {ICONS[name].map((path) => {
        const filled = path.startsWith('.');
        return <path key={path} d={filled ? path.slice(1) : path} class={filled ? 'f' : undefined} />;
      })}
    </svg>
  );
}
