import type { JSX } from 'preact';
import { href, usePlace } from '../router.js';
import { Chips } from './chips.js';

const SPANS = ['hour', 'day', 'week'] as const;

export type Span = (typeof SPANS)[number];

/** How far the charts of a view look back, by its address. */
export function useSpan(): Span {
  const { span } = usePlace().query;
  return SPANS.find((each) => each === span) ?? 'hour';
}

/** The choice of it. */
export function Spans(): JSX.Element {
  const { screen, arg } = usePlace();
  const options = SPANS.map((value) => ({ value, label: `last ${value}` }));
  return <Chips label="Time" value={useSpan()} options={options} to={(span) => href(screen, arg, { span })} />;
}
