import type { ComponentChildren, JSX } from 'preact';
import { type ApiError, type Reading } from '../api.js';
import { Glyph, type StateName } from './glyph.js';
import { words } from './words.js';

interface NoteProps {
  /** its ground, and its shape */
  readonly state?: 'dead' | 'held' | 'done' | undefined;
  readonly glyph?: StateName;
  readonly title?: ComponentChildren;
  /** buttons at its right */
  readonly side?: ComponentChildren;
  readonly children?: ComponentChildren;
}

/** A remark in a box: something is wrong, held back, or was done. */
export function Note({ state, glyph = state, title, side, children }: NoteProps): JSX.Element {
  return (
    <div class={`note ${state ?? ''}`}>
      {glyph && <Glyph of={glyph} />}
      <div class="grow">
        {title && (
          <p>
            <b>{title}</b>
          </p>
        )}
        {children}
      </div>
      {side}
    </div>
  );
}

/** An error in place, with what to do. */
export function Failed({ error, again }: { readonly error: ApiError; readonly again?: () => void }): JSX.Element {
  if (error.status === 403 && error.code === 'NOT_ALLOWED')
    return <Denied>{words([error.message, ...error.remedy].join(' '))}</Denied>;
  // the same question gets the same answer
  const side = again && error.status !== 400 && (
    <button type="button" onClick={again}>
      Try now
    </button>
  );
  return (
    <div role="alert">
      <Note state="dead" title={words(error.message)} side={side}>
        {error.isRedis && <p>What was sent is in Redis, and runs when it is back.</p>}
        {error.remedy.map((line) => (
          <p key={line}>{words(line)}</p>
        ))}
      </Note>
    </div>
  );
}

/** Nothing is there, and why that is so or what comes next. */
export function Empty({
  title,
  children,
}: {
  readonly title: ComponentChildren;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="center">
      <h1>{title}</h1>
      {children}
    </div>
  );
}

/** A view that a right does not allow. */
export function Denied({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return (
    <Empty title="You may not see this.">
      <p>{children}</p>
    </Empty>
  );
}

/** Stands where something is about to be. */
export function Loading(): JSX.Element {
  return (
    <p class="dim" role="status">
      Loading…
    </p>
  );
}

interface LoadedProps<T> {
  readonly of: Reading<T>;
  readonly children: (data: T) => ComponentChildren;
}

/** The data of a reading; before it a quiet line, and an error in place. The last data stays below an error. */
export function Loaded<T>({ of: { data, error, again }, children }: LoadedProps<T>): JSX.Element {
  const isStale = error !== undefined;
  // it was there: no failure, but its end
  const hasEnded = data !== undefined && error?.code === 'UNKNOWN_TASK_ID';
  return (
    <>
      {hasEnded && (
        <div role="status">
          <Note state="done" title="It has ended: Redis has nothing more of it." />
        </div>
      )}
      {error && !hasEnded && <Failed error={error} again={again} />}
      {data !== undefined &&
        (isStale ? (
          <div class="stale" inert>
            {children(data)}
          </div>
        ) : (
          children(data)
        ))}
      {data === undefined && !error && <Loading />}
    </>
  );
}
