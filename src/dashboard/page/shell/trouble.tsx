import type { ComponentChildren, JSX } from 'preact';
import { tryNow, useSnapshot } from '../live.js';
import { Note } from '../parts/note.js';
import { Ago, clock } from '../parts/times.js';
import { words } from '../parts/words.js';

/** Says that the connection is lost, above the last picture: that one stays, grey and inert, with its time. */
export function Trouble({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const { snapshot, link } = useSnapshot();
  const { state, since, message } = link;
  const isTrouble = state === 'away' || state === 'lost' || state === 'denied';
  const again = (
    <button type="button" onClick={tryNow}>
      Try now
    </button>
  );
  return (
    <>
      {isTrouble && (
        <div class="trouble">
          <Note state="dead" title={<TroubleTitle state={state} since={since} />} side={again}>
            <p>
              {message && words(`${message.replace(/\.?$/, '.')} `)}
              {state === 'away' && (
                <>
                  What was sent is in Redis and runs when it is back; until then <code>delay()</code> rejects with{' '}
                  <code>REDIS_UNAVAILABLE</code>.{' '}
                </>
              )}
              It is tried again every few seconds.
              {snapshot && ` Below is the picture of ${clock(snapshot.at)}.`}
            </p>
          </Note>
        </div>
      )}
      <div class={isTrouble ? 'stale' : ''} inert={isTrouble}>
        {children}
      </div>
    </>
  );
}

function TroubleTitle({ state, since }: { readonly state: string; readonly since: number }): JSX.Element {
  if (state === 'denied') return <>You may no longer look.</>;
  return (
    <>
      {state === 'away' ? 'Redis' : 'The dashboard'} has not answered since <Ago at={since} form="sec" />.
    </>
  );
}
