import type { ComponentChildren, JSX } from 'preact';

interface BulkFrameProps {
  /** for screen readers */
  readonly label: string;
  /** above the line: the preview */
  readonly preview?: ComponentChildren;
  /** the line: what is selected, progress, buttons */
  readonly children: ComponentChildren;
}

/** The bar that floats above a list while something is selected or under way. */
export function BulkFrame({ label, preview, children }: BulkFrameProps): JSX.Element {
  return (
    <section class="bulk" aria-label={label}>
      {preview && <div class="pre">{preview}</div>}
      <div class="row wrap">{children}</div>
    </section>
  );
}
