import type { JSX } from 'preact';
import type { Line } from '../../arguments/shown-arguments.js';
import { ArgumentLine } from './argument-line.js';
import { Ago, n } from './times.js';

interface SampleProps {
  readonly rows: readonly {
    readonly id: string;
    readonly task?: string | null | undefined;
    readonly args?: Line | undefined;
    readonly at?: string | number | null | undefined;
  }[];
  /** all that match */
  readonly of: number;
}

/** Some of the tasks that a question is about. */
export function Sample({ rows, of }: SampleProps): JSX.Element {
  return (
    <ul class="sample">
      {rows.map(({ id, task, args, at }) => (
        <li key={id} class="cut">
          <code>{id}</code> {task ?? 'no call'} {args && <ArgumentLine line={args} />}{' '}
          {at && (
            <span class="dim">
              <Ago at={at} />
            </span>
          )}
        </li>
      ))}
      {of > rows.length && <li class="dim">and {n(of - rows.length)} more</li>}
    </ul>
  );
}
