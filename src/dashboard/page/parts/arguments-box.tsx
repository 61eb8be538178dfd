import type { JSX } from 'preact';
import type { ArgumentsView } from '../../screens/task/wire.js';
import { useSession } from '../session.js';
import { ArgumentLine } from './argument-line.js';
import { Do } from './do.js';
import { n } from './times.js';

/** Arguments, or a result, in a box. */
export function ArgumentsBox({
  title,
  of,
  long,
  copy,
}: {
  readonly title: string;
  readonly of: ArgumentsView;
  /** undefined once all is shown that has room */
  readonly long: (() => void) | undefined;
  /** copies all of them; undefined where nothing can */
  readonly copy?: () => unknown;
}): JSX.Element {
  const { denials } = useSession();
  return (
    <div class="box">
      <div class="row">
        <h2 class="grow">{title}</h2>
        {of.is === 'shown' && copy && (
          <Do small run={copy} label="Copy the arguments as JSON">
            Copy
          </Do>
        )}
      </div>
      {of.is === 'denied' && <p class="dim">{denials.arguments}</p>}
      {of.is === 'sealed' && <p class="dim">Sealed: this app does not have the key.</p>}
      {of.is === 'gone' && <p class="dim">Redis has no arguments of this task any more.</p>}
      {of.is === 'hidden' && (
        <p class="dim">Another program wrote this: it is no call of a task. The option redact hides it whole.</p>
      )}
      {of.is === 'bytes' && (
        <>
          <p class="dim">Another program wrote this: it is no call of a task. In hex:</p>
          <pre class="json">
            {of.hex.replace(/..(?=.)/g, '$& ')}
            {of.more > 0 && <span class="l"> … {n(of.more)} more bytes</span>}
          </pre>
        </>
      )}
      {of.is === 'shown' &&
        (of.lines.length === 0 ? (
          <p class="dim">It has none.</p>
        ) : (
          <>
            <pre class="json">
              {of.lines.map((line, i) => (
                <span key={i}>
                  <ArgumentLine line={line} />
                  {'\n'}
                </span>
              ))}
            </pre>
            {!of.complete &&
              (long ? (
                <button type="button" class="bare small" onClick={long}>
                  Show more
                </button>
              ) : (
                copy && <p class="dim">Copy takes the rest, too.</p>
              ))}
          </>
        ))}
    </div>
  );
}
