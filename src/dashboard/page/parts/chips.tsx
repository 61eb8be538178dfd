import type { ComponentChildren, JSX } from 'preact';
import { Glyph, type StateName } from './glyph.js';

export interface Chip {
  readonly value: string;
  readonly label: ComponentChildren;
  readonly state?: StateName | undefined;
  readonly count?: string | number | undefined;
}

interface ChipsProps {
  /** for screen readers: `State` */
  readonly label: string;
  readonly value: string;
  readonly options: readonly Chip[];
  /** the address of each choice: `href('dead', undefined, { ...query, since: value })` */
  readonly to: (value: string) => string;
}

/** A choice of one among few. Each has an address. */
export function Chips({ label, value, options, to }: ChipsProps): JSX.Element {
  return (
    <nav class="chips" aria-label={label}>
      {options.map((option) => (
        <a
          key={option.value}
          class="chip"
          href={to(option.value)}
          aria-current={option.value === value ? 'true' : undefined}
        >
          {option.state && <Glyph of={option.state} />}
          {option.label}
          {option.count !== undefined && <span class="c">{option.count}</span>}
        </a>
      ))}
    </nav>
  );
}
