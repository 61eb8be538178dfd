import type { ComponentChildren, JSX } from 'preact';

interface SectionProps {
  readonly title: ComponentChildren;
  /** beside the title, in second ink */
  readonly hint?: ComponentChildren;
  /** at the right: a link or buttons */
  readonly side?: ComponentChildren;
  /** whether it is the heading of the whole page */
  readonly isPage?: boolean;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A heading and what belongs to it. */
export function Section({ title, hint, side, isPage, class: name, children }: SectionProps): JSX.Element {
  return (
    <section class={name}>
      <div class="sh">
        {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
        {hint && <span class="dim">{hint}</span>}
        <span class="grow" />
        {side}
      </div>
      {children}
    </section>
  );
}
