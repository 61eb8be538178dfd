import type { ComponentChildren, JSX } from 'preact';
import { Ago, type Column, Do, Fact, Note } from '../../page/parts/index.js';
import { go, type Query } from '../../page/router.js';
import type { SetView, Standing } from './wire.js';

/** What somebody has set, and until when. */
function SetBy({ of: { amounts, by, until } }: { readonly of: SetView }): JSX.Element {
  return (
    <span class="set">
      {amounts}{' '}
      <span class="dim">
        by {by ?? 'an app'},{' '}
        {until ? (
          <>
            until <Ago at={until} form="clock" />
          </>
        ) : (
          'until it is reset'
        )}
      </span>
    </span>
  );
}

/** Why nothing starts: that must not be overlooked. */
export function stopOf({ stops, stoppedUntil }: Standing): string | undefined {
  return stops ? 'nothing starts' : stoppedUntil && 'stopped';
}

export function Stopped({ of }: { readonly of: Standing }): JSX.Element | null {
  const words = stopOf(of);
  return words ? <span class="tag held">{words}</span> : null;
}

/** What was set, or stopped, above all else that is said of a limit or a key. */
export function Notes({ of: { set, stops, stoppedUntil } }: { readonly of: Standing }): JSX.Element {
  return (
    <>
      {stoppedUntil && (
        <Note state="held" title="A task has stopped it.">
          <p>
            Nothing starts until <Ago at={stoppedUntil} form="clock" />, or until it is reset.
          </p>
        </Note>
      )}
      {set && (
        <Note state={stops ? 'held' : undefined} title={stops && 'Nothing starts.'}>
          <p>
            Set <Ago at={set.since} />: <SetBy of={set} />
          </p>
        </Note>
      )}
    </>
  );
}

/** How a limit or a key stands now. */
export function Facts({
  of: { allows, used, waiting, opensAt },
  children,
}: {
  readonly of: Standing;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <>
      <Fact name="allows">{allows}</Fact>
      {children}
      <Fact name="used">{used}</Fact>
      <Fact name="waiting">{waiting ?? 'none'}</Fact>
      {opensAt && (
        <Fact name="next start">
          <Ago at={opensAt} />
        </Fact>
      )}
    </>
  );
}

/** The columns below, in words, where they have no room. */
export function Rest({ of: { set, waiting, opensAt } }: { readonly of: Standing }): JSX.Element {
  return (
    <>
      {set && (
        <>
          ; set: <SetBy of={set} />
        </>
      )}
      <span class="phone">
        {waiting && `; waiting: ${waiting}`}
        {opensAt && (
          <>
            ; next start <Ago at={opensAt} />
          </>
        )}
      </span>
    </>
  );
}

/** The columns that limits and keys have in common. */
export const STANDING: readonly Column<Standing>[] = [
  { head: 'Set', m: 1, class: 'gap', cell: ({ set }) => (set ? <SetBy of={set} /> : <span class="dim">–</span>) },
  { head: 'Used', num: true, cell: ({ used }) => used },
  {
    head: <span data-tip="Tasks with the same limits, keys and tenant wait in one line.">Waiting</span>,
    num: true,
    m: 0,
    cell: ({ waiting = '–' }) => waiting,
  },
  { head: 'Next start', num: true, m: 0, cell: ({ opensAt }) => (opensAt ? <Ago at={opensAt} /> : '–') },
];

/** Leads to the rest of a list, and back to its beginning. */
export function More({
  cursor,
  arg,
  query,
}: {
  readonly cursor: string | undefined;
  readonly arg?: string;
  readonly query: Query;
}): JSX.Element | null {
  if (cursor === undefined && query.cursor === undefined) return null;
  return (
    <div class="looked">
      {cursor !== undefined && (
        <Do kind="main" small letter="g" run={() => go('limits', arg, { cursor })}>
          Go on
        </Do>
      )}
      {query.cursor !== undefined && (
        <Do small kind="plain" run={() => go('limits', arg)}>
          From the first
        </Do>
      )}
    </div>
  );
}
