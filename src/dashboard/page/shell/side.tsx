import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useSnapshot } from '../live.js';
import { Glyph } from '../parts/glyph.js';
import { Icon } from '../parts/icon.js';
import { dur, size } from '../parts/times.js';
import { href, place, usePlace } from '../router.js';
import type { Screen } from '../screen.js';
import { pages, screenOf } from '../screens.js';
import { useSession } from '../session.js';

/** So many pages have room at the bottom of a phone, beside the button for the others. */
const AT_BOTTOM = 5;

/** The pages, with what grows in them. */
export function Side(): JSX.Element {
  const { namespace, screen } = usePlace();
  const [isOpen, setOpen] = useState(false);
  // another page closes it
  useEffect(() => setOpen(false), [namespace, screen]);
  const shown = screenOf(screen);
  const current = shown?.under ?? shown?.name;
  const isFurther = pages.slice(AT_BOTTOM).some(({ name }) => name === current);
  return (
    <aside id="side">
      <nav class={isOpen ? 'all' : ''} aria-label="Pages">
        <div class="brand">
          <Icon name="mark" />
          <span>nestwork</span>
          <Namespace />
        </div>
        {pages.map((page) => (
          <Page key={page.name} page={page} isCurrent={page.name === current} />
        ))}
      </nav>
      <button
        type="button"
        class={`others ${isFurther ? 'here' : ''}`}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name="dots" />
        More
      </button>
      <Foot />
    </aside>
  );
}

function Page({ page, isCurrent }: { readonly page: Screen; readonly isCurrent: boolean }): JSX.Element {
  const { snapshot } = useSnapshot();
  const count = snapshot && page.count?.(snapshot);
  const { state, text } = count ?? {};
  return (
    <a href={href(page.name)} aria-current={isCurrent ? 'page' : undefined} data-tip={page.title} class="page">
      {page.icon && <Icon name={page.icon} />}
      <span class="label">{page.title}</span>
      {text !== undefined && (
        <span class={`c ${state ?? ''}`}>
          {state && <Glyph of={state} />}
          <span>{text}</span>
        </span>
      )}
    </a>
  );
}

function Namespace(): JSX.Element {
  const { namespace, namespaces } = useSession();
  const { screen } = usePlace();
  if (namespaces.length === 1) return <span class="ns">{namespace}</span>;
  const change = (name: string): void => {
    const page = screenOf(screen);
    place.set({ namespace: name, screen: page?.under ?? page?.name ?? 'overview', arg: undefined, query: {} });
    location.hash = href(place.value.screen);
  };
  return (
    <select class="ns" aria-label="Namespace" value={namespace} onChange={(event) => change(event.currentTarget.value)}>
      {namespaces.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}

function Foot(): JSX.Element {
  const { by } = useSession();
  const { snapshot, link } = useSnapshot();
  const { used, limit } = snapshot?.memory ?? {};
  const answers = link.state === 'away' ? 'away' : snapshot ? dur(snapshot.latencyMs) : '–';
  return (
    <div class="foot">
      <p class="kv">
        <span>Redis</span>
        <span>{answers}</span>
      </p>
      {used !== undefined && (
        <p class="kv">
          <span>memory</span>
          <span>{limit === undefined ? size(used) : `${size(used)} of ${size(limit)}`}</span>
        </p>
      )}
      {by && (
        <p class="kv">
          <span>you</span>
          <span class="cut">{by}</span>
        </p>
      )}
    </div>
  );
}
