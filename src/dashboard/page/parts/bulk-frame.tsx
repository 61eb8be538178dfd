import type { ComponentChildren, JSX } from 'preact';

interface BulkFrameProps {
  /** for screen readers */
  readonly label: string;
  /** what is selected, progress, buttons */
  readonly children: ComponentChildren;
}

/** The bar that floats above a list while something is selected or under way. */
export function BulkFrame({ label, children }: BulkFrameProps): JSX.Element {
  return (
    <section class="bulk row wrap" aria-label={label}>
      {children}
    </section>
  );
}
