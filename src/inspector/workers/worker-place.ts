import { printable } from '../../values/printable.js';

/** The process of a worker. */
export interface Place {
  readonly host: string;
  readonly pid: number;
}

/** Enough of an id to distinguish it from others. */
export function shortId(id: string): string {
  return printable(id.slice(0, 8));
}

/** `worker 4f92b79b (process 4113 on web-2)` */
export function placeOf(id: string, place: Place): string {
  return `worker ${shortId(id)} (${processOf(place)})`;
}

/** `process 4113 on web-2` */
export function processOf({ host, pid }: Place): string {
  return `process ${pid} on ${printable(host)}`;
}

/** The order of lists: by host, then by pid. */
export function byPlace(a: Place, b: Place): number {
  return a.host === b.host ? a.pid - b.pid : a.host < b.host ? -1 : 1;
}
