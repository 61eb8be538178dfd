/** How far charts look back. */
export const SPANS = [
  { value: 'hour', label: 'Hour' },
  { value: 'day', label: 'Day' },
  { value: 'week', label: 'Week' },
] as const;

export function spanOf(span: string | undefined): string {
  return SPANS.find(({ value }) => value === span)?.value ?? 'hour';
}

/** JSON has null for what is not known; a chart has a gap there. */
export function known(values: readonly (number | null)[]): (number | undefined)[] {
  return values.map((value) => value ?? undefined);
}
