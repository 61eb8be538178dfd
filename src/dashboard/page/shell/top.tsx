import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { search } from '../../screens/tasks/search.js';
import { useKey } from '../keys.js';
import { useSnapshot } from '../live.js';
import { Do } from '../parts/do.js';
import { Glyph } from '../parts/glyph.js';
import { Icon } from '../parts/icon.js';
import { clock, now } from '../parts/times.js';
import { href, usePlace } from '../router.js';
import { heading } from '../screen.js';
import { screenOf } from '../screens.js';
import { paused, theme } from '../settings.js';
import { useCell } from '../store.js';
import { verdictOf } from '../verdict.js';

const THEMES = { system: 'light', light: 'dark', dark: 'system' } as const;

/** Where one is, what is wrong elsewhere, and the search. */
export function Top({ onKeys }: { readonly onKeys: () => void }): JSX.Element {
  const { screen, arg } = usePlace();
  const shown = screenOf(screen);
  const parent = shown?.under ? screenOf(shown.under) : undefined;
  const own = useCell(heading) ?? arg ?? shown?.title ?? screen;
  const chosen = useCell(theme);
  return (
    <header id="top">
      <span class="here cut">
        {parent && (
          <>
            <a class="crumb" href={href(parent.name)}>
              {parent.title}
            </a>
            <span class="crumb"> / </span>
          </>
        )}
        {own}
      </span>
      {screen === 'overview' ? <span class="grow" /> : <Word />}
      <Clock />
      <Find />
      <button
        type="button"
        class="bare icon"
        aria-label={`Theme: ${chosen}`}
        data-tip={`Theme: ${chosen === 'system' ? 'as the system says' : chosen}`}
        onClick={() => theme.set(THEMES[chosen])}
      >
        <Icon name="theme" />
      </button>
      <button type="button" class="bare icon hide" aria-label="Keys" data-tip="Keys" onClick={onKeys}>
        ?
      </button>
    </header>
  );
}

/** The verdict, on the pages that are not about it. */
function Word(): JSX.Element {
  const { snapshot, link } = useSnapshot();
  const verdict = verdictOf(snapshot, link);
  if (!verdict) return <span class="grow" />;
  const { state, text, more } = verdict;
  return (
    <a class="word grow" href={href('overview')}>
      <Glyph of={state} />
      <span class="cut">
        {text}
        {more > 0 && `; ${more} more`}
      </span>
    </a>
  );
}

function Clock(): JSX.Element {
  const isPaused = useCell(paused);
  const time = clock(useCell(now));
  if (isPaused) {
    return (
      <Do kind="bare" small run={() => paused.set(false)} label="Go on: the picture is paused">
        <span class="st held">
          <Glyph of="held" />
          <em>paused at {time}</em>
        </span>
      </Do>
    );
  }
  return (
    <span class="dim hide nw" data-tip="The picture follows by itself; p pauses it.">
      <small>{time}</small>
    </span>
  );
}

/** Leads to the tasks: an id, a name, or a part of the arguments. */
function Find(): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const { screen, query } = usePlace();
  const text = screen === 'tasks' ? (query.q ?? '') : '';
  useKey('/', focus);
  useEffect(() => {
    if (field.current) field.current.value = text;
  }, [query, text]);
  return (
    <form
      class="find"
      onSubmit={(event) => {
        event.preventDefault();
        field.current?.blur();
        search(field.current?.value ?? '', {});
      }}
    >
      <input
        ref={field}
        id="find"
        type="search"
        aria-label="Search tasks"
        placeholder="Find a task by id, name or argument"
      />
      <kbd>/</kbd>
    </form>
  );
}

/** A view may have a search field of its own, with `data-find`: that one comes first. */
function focus(event: KeyboardEvent): void {
  event.preventDefault();
  const fields = document.querySelectorAll<HTMLInputElement>('[data-find],#find');
  const field = [...fields].find((each) => each.matches('[data-find]')) ?? fields[0];
  field?.focus();
  field?.select();
}
