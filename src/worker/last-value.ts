import { isObservable, lastValueFrom, type Observable } from 'rxjs';

/**
 * The result of a handler. Of an Observable that is its last value, undefined if there is none: it is subscribed to, as Nest
 * does, because nobody else would.
 */
export function lastValue(result: unknown): unknown {
  return isStream(result) ? lastValueFrom(result, { defaultValue: undefined }) : result;
}

/** Whether a handler returned an Observable; what cannot even be asked, such as a strict proxy, is none. */
export function isStream(result: unknown): result is Observable<unknown> {
  try {
    return isObservable(result);
  } catch {
    return false;
  }
}
