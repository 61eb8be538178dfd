import type { JSX } from 'preact';
import { useEffect, useLayoutEffect } from 'preact/hooks';
import { announcement, say } from '../announce.js';
import { useKey } from '../keys.js';
import { useSnapshot } from '../live.js';
import { Dialogs } from '../parts/ask.js';
import { Bulk } from '../parts/bulk-bar.js';
import { Denied, Empty, Failed } from '../parts/note.js';
import { Tips } from '../parts/tip.js';
import { go, href, place, usePlace } from '../router.js';
import { heading } from '../screen.js';
import { pages, screenOf } from '../screens.js';
import { askSession, sessionError, useKnownSession, useSession } from '../session.js';
import { clockTimes, paused } from '../settings.js';
import { useCell } from '../store.js';
import { verdictOf } from '../verdict.js';
import { showKeys } from './keys-dialog.js';
import { Side } from './side.js';
import { showVerdict } from './tab.js';
import { Top } from './top.js';
import { Trouble } from './trouble.js';

/** The frame around all views. */
export function Shell(): JSX.Element {
  const session = useKnownSession();
  const error = useCell(sessionError);
  const { namespace, screen } = usePlace();
  useEffect(() => {
    // the first address has none
    if (!session || namespace) return;
    place.set({ ...place.value, namespace: session.namespace });
    history.replaceState(null, '', href(screen, place.value.arg, place.value.query));
  }, [session, namespace, screen]);
  const isReady = session !== undefined && namespace === session.namespace;
  return (
    <>
      <button type="button" class="skip" onClick={skip}>
        Skip to content
      </button>
      {isReady ? (
        <Frame />
      ) : (
        <main id="main">
          {error ? <SignIn /> : session && namespace ? <NoNamespace /> : <p class="dim">Loading…</p>}
        </main>
      )}
      <p class="sr" role="status">
        {useCell(announcement)}
      </p>
      <Tips />
    </>
  );
}

function SignIn(): JSX.Element {
  const error = useCell(sessionError);
  return <Empty title="The dashboard cannot be shown.">{error && <Failed error={error} again={askSession} />}</Empty>;
}

/** An old address may have one that has gone: another one in its place would show the wrong tasks. */
function NoNamespace(): JSX.Element {
  const { namespace } = usePlace();
  return (
    <Empty title={`The dashboard has no namespace “${namespace}”.`}>
      <p class="next">
        {useSession().namespaces.map((name) => (
          <a key={name} class="btn" href={`#/${encodeURIComponent(name)}`}>
            {name}
          </a>
        ))}
      </p>
    </Empty>
  );
}

function Frame(): JSX.Element {
  useFrameKeys();
  useVerdict();
  return (
    <>
      <Side />
      <Top onKeys={showKeys} />
      <main id="main" tabIndex={-1}>
        <View />
        <Bulk />
      </main>
      <Dialogs />
    </>
  );
}

function View(): JSX.Element {
  const { namespace, screen, arg } = usePlace();
  const session = useKnownSession();
  const shown = screenOf(screen);
  const key = `${namespace}/${screen}/${arg ?? ''}`;
  // before the effects of the view, which may set its heading
  useLayoutEffect(() => {
    heading.set(undefined);
    scrollTo(0, 0);
  }, [key]);
  if (!shown) {
    return (
      <Empty title={`There is no page “${screen}”.`}>
        <p class="next">
          <a class="btn" href={href('overview')}>
            Overview
          </a>
        </p>
      </Empty>
    );
  }
  if (!session?.rights.view) return <Denied>{session?.denials.view}</Denied>;
  return (
    <Trouble>
      <shown.view key={key} />
    </Trouble>
  );
}

function useFrameKeys(): void {
  useKey('?', showKeys);
  useKey('t', toggleClock);
  useKey('p', togglePause);
  useKey('u', up);
  for (const i of [0, 1, 2, 3, 4, 5]) {
    // their number never changes
    useKey(String(i + 1), toPage);
  }
}

function toPage({ key }: KeyboardEvent): void {
  const page = pages[Number(key) - 1];
  if (page) go(page.name);
}

function toggleClock(): void {
  clockTimes.set(clockTimes.value === 'on' ? 'off' : 'on');
}

function togglePause(): void {
  paused.set(!paused.value);
  say(paused.value ? 'The picture is paused.' : 'The picture follows again.');
}

function up(): void {
  const shown = screenOf(place.value.screen);
  if (shown?.under) go(shown.under);
  else if (place.value.arg !== undefined && shown) go(shown.name);
  else history.back();
}

function skip(): void {
  document.getElementById('main')?.focus();
}

/** Title and icon of the tab carry the verdict, and a change of its words is announced. */
function useVerdict(): void {
  const { snapshot, link } = useSnapshot();
  const { screen, arg } = usePlace();
  const own = useCell(heading);
  const verdict = verdictOf(snapshot, link);
  const words = verdict?.text ?? '';
  // also when nothing is known of the namespace yet: the words were about the one before
  useEffect(() => say(words), [words]);
  const shown = screenOf(screen);
  const title = screen === 'overview' ? undefined : (own ?? arg ?? shown?.title);
  useEffect(() => showVerdict(verdict, title));
}
