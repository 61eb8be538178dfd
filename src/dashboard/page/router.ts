import { Cell, useCell } from './store.js';

/** Values of a view or filter, as its address has them. */
export type Query = Readonly<Record<string, string | undefined>>;

/** What the page shows: `#/<namespace>/<screen>/<arg>?query`. */
export interface Place {
  /** empty until the session is known */
  readonly namespace: string;
  readonly screen: string;
  /** the name of a queue, the id of a task; undefined for none */
  readonly arg: string | undefined;
  readonly query: Query;
}

function read(): Place {
  const [path = '', search = ''] = location.hash.slice(1).split(/\?(.*)/s);
  const [, namespace = '', screen = '', ...rest] = path.split('/').map(decoded);
  const query = Object.fromEntries(new URLSearchParams(search));
  return { namespace, screen: screen || 'overview', arg: rest.join('/') || undefined, query };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const place = new Cell<Place>(read());
addEventListener('hashchange', () => place.set(read()));

export function usePlace(): Place {
  return useCell(place);
}

/** The search part of an address, without what is undefined or empty. */
export function search(query: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '' && value !== false);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}

type HrefQuery = Parameters<typeof search>[0];

/** The address of a view in the namespace that is shown. */
export function href(screen: string, arg?: string, query: HrefQuery = {}): string {
  const parts = [place.value.namespace, screen, ...(arg ? [arg] : [])].map(encodeURIComponent);
  const text = search(query);
  return `#/${parts.join('/')}${text && `?${text}`}`;
}

/** Shows another view. With `replace` the present one is left out of the history, as for each letter of a filter. */
export function go(screen: string, arg?: string, query?: HrefQuery, { replace = false } = {}): void {
  const to = href(screen, arg, query);
  if (!replace) {
    location.hash = to;
    return;
  }
  history.replaceState(null, '', to);
  place.set(read());
}
