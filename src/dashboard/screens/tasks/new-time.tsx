import type { JSX } from 'preact';
import { type Fields } from '../../page/parts/index.js';

/** The fields of a dialog that asks for a time. */
export function TimeFields(): JSX.Element {
  return (
    <div class="fields">
      <label>
        In <input name="delay" placeholder="20m, 2h, 1d" title="20m, 2h, 1d" pattern="\d+(\.\d+)?\s*(ms|s|m|h|d)" />
      </label>
      <label>
        or at <input name="at" type="datetime-local" step="1" />
      </label>
    </div>
  );
}

/** As the server takes it. @throws Error when neither was given */
export function timeOf({ delay = '', at = '' }: Fields): { readonly delay?: string; readonly at?: string } {
  if (delay.trim()) return { delay: delay.replace(/\s/g, '') };
  if (at) return { at: new Date(at).toISOString() };
  throw new Error('Give one of the two.');
}
