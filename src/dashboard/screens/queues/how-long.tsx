import type { JSX } from 'preact';

/** How long something may last: choices, and what the server takes. */
const TIMES: readonly (readonly [value: string, words: string])[] = [
  ['15m', 'for 15 minutes'],
  ['1h', 'for an hour'],
  ['4h', 'for 4 hours'],
  ['1d', 'for a day'],
];

/** A field of a question, with the name `for`. @param end what ends it without a time: `resumed` */
export function HowLong({ end }: { readonly end: string }): JSX.Element {
  return (
    <label>
      How long{' '}
      <select name="for">
        {[...TIMES, ['', `until it is ${end}`] as const].map(([value, words]) => (
          <option key={value} value={value} selected={value === '1h'}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
