import type { ComponentChildren, JSX } from 'preact';
import { href } from '../router.js';
import { n } from './times.js';

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

interface TitleProps {
  readonly children: ComponentChildren;
  /** at the right: a hint, or buttons */
  readonly side?: ComponentChildren;
}

/** The heading of a page. */
export function Title({ children, side }: TitleProps): JSX.Element {
  return (
    <div class="sh wrap">
      <h1 class="grow">{children}</h1>
      {side}
    </div>
  );
}

/** Leads to the page that has all, from a section that has some. */
export function All({ of, count }: { readonly of: string; readonly count: number }): JSX.Element {
  return (
    <a class="link dim" href={href(of)}>
      all {n(count)}
    </a>
  );
}

interface FactProps {
  readonly name?: ComponentChildren;
  readonly children: ComponentChildren;
  /** what follows, in second ink */
  readonly more?: ComponentChildren;
}

/** One of the facts below a heading: a word, and what stands out. */
export function Fact({ name, children, more }: FactProps): JSX.Element {
  return (
    <span>
      {name} <b>{children}</b>
      {more}
    </span>
  );
}

/** The heading of a page about one thing, with facts below it and buttons at its right. */
export function Head({
  title,
  facts,
  children,
  as: Heading = 'h1',
}: {
  readonly title: ComponentChildren;
  readonly facts: ComponentChildren;
  readonly children?: ComponentChildren;
  readonly as?: 'h1' | 'h2' | undefined;
}): JSX.Element {
  return (
    <div class="head">
      <div class="grow">
        <Heading>{title}</Heading>
        <div class="facts">{facts}</div>
      </div>
      <div class="row wrap">{children}</div>
    </div>
  );
}

/** The name of a queue, with a link to it. */
export function QueueLink({ of }: { readonly of: string }): JSX.Element {
  return <a href={href('queue', of)}>{of}</a>;
}
