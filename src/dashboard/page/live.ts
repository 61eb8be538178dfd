import type { LiveEvents, Snapshot } from '../live/snapshot.js';
import { address, changes, denials, get, known } from './api.js';
import { place } from './router.js';
import { followRest, paused, rests } from './settings.js';
import { Cell, useCell } from './store.js';

export type { Snapshot };

/**
 * The connection. `live`: by events; `polling`: asked for every few seconds; `away`: Redis does not answer; `lost`: the dashboard does
 * not answer; `denied`: the person may no longer look; `paused`: the person wants a picture that stands still.
 */
export interface Link {
  readonly state: 'connecting' | 'live' | 'polling' | 'away' | 'lost' | 'denied' | 'paused';
  /** since when, in ms since 1970 */
  readonly since: number;
  /** what went wrong */
  readonly message?: string | undefined;
}

export interface Picture {
  /** the last one; undefined before the first */
  readonly snapshot: Snapshot | undefined;
  readonly link: Link;
}

/** Between two questions without a stream, in ms. */
const POLL_MS = 4_000;
/** A stream that ends comes back at once; only after this it counts as lost, in ms. */
const PATIENCE_MS = 3_000;
/** Until a stream that failed is tried again, in ms. */
const RETRY_MS = 30_000;

const picture = new Cell<Picture>({ snapshot: undefined, link: { state: 'connecting', since: Date.now() } });
/** How far the clock of Redis is ahead of that of the browser, in ms: times are shown by the former. */
export const clockAhead = new Cell(0);

/** The last picture of the namespace, and the state of the connection. */
export function useSnapshot(): Picture {
  return useCell(picture);
}

function show(state: Link['state'], message?: string, at = Date.now()): void {
  const { snapshot: last, link } = picture.value;
  if (link.state === state && link.message === message) return;
  // those who may no longer look keep no picture
  const snapshot = state === 'denied' ? undefined : last;
  picture.set({ snapshot, link: { state, message, since: link.state === state ? link.since : at } });
}

function take(snapshot: Snapshot, state: 'live' | 'polling'): void {
  const ahead = Date.parse(snapshot.at) - Date.now();
  // below that it is the way that the picture took
  clockAhead.set(Math.abs(ahead) > 5_000 ? ahead : 0);
  const { link } = picture.value;
  picture.set({ snapshot, link: link.state === state ? link : { state, since: Date.now() } });
}

let stream: EventSource | undefined;
let timer = 0;
let retryAt = 0;
let patience = 0;

function close(): void {
  stream?.close();
  stream = undefined;
  clearTimeout(timer);
  clearTimeout(patience);
  patience = 0;
}

function open(): void {
  close();
  if (rests()) return;
  const mine = new EventSource(address('live'));
  stream = mine;
  mine.onopen = () => {
    clearTimeout(patience);
    patience = 0;
  };
  mine.addEventListener('snapshot', ({ data }: MessageEvent<string>) => take(JSON.parse(data) as Snapshot, 'live'));
  mine.addEventListener('outage', ({ data }: MessageEvent<string>) => {
    const { error, since } = JSON.parse(data) as LiveEvents['outage'];
    show('away', error.message, Date.parse(since));
  });
  mine.addEventListener('denied', () => {
    denials.set(denials.value + 1);
    poll();
  });
  mine.onerror = () => {
    if (mine.readyState === EventSource.CLOSED) return poll();
    patience ||= window.setTimeout(poll, PATIENCE_MS);
  };
}

/** Without a stream: a proxy forbids it, the server is away, or the person may no longer look. */
function poll(): void {
  close();
  retryAt = Date.now() + RETRY_MS;
  void ask();
}

async function ask(): Promise<void> {
  clearTimeout(timer);
  if (rests()) return;
  const asked = place.value.namespace;
  try {
    const snapshot = await get<Snapshot>('snapshot');
    if (asked !== place.value.namespace || stream) return;
    const wasLost = picture.value.link.state === 'lost';
    take(snapshot, 'polling');
    // the dashboard is back, so the stream may be as well
    if (wasLost || Date.now() > retryAt) return open();
  } catch (error) {
    if (stream || asked !== place.value.namespace) return;
    const { code, isRedis, status, message } = known(error);
    show(isRedis ? 'away' : [401, 403].includes(status) ? 'denied' : 'lost', message);
    // it cannot come: another address opens another stream
    if (code === 'UNKNOWN_NAMESPACE') return;
  }
  timer = window.setTimeout(() => void ask(), POLL_MS);
}

/** Asks at once, instead of after a while. */
export function tryNow(): void {
  if (stream && picture.value.link.state === 'away') open();
  else poll();
}

/** Follows the namespace that is shown, for as long as the tab is visible and not paused. */
export function followLive(): void {
  let { namespace } = place.value;
  if (namespace) open();
  place.follow((next) => {
    if (next.namespace === namespace) return;
    namespace = next.namespace;
    picture.set({ snapshot: undefined, link: { state: 'connecting', since: Date.now() } });
    open();
  });
  followRest(() => {
    if (!rests()) return open();
    close();
    if (paused.value) show('paused');
  });
  changes.follow(() => !stream && void ask());
}
