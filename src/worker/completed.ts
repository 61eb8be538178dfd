import { isObservable, lastValueFrom, type Observable } from 'rxjs';

/** Waits for an Observable that a handler returned, as Nest does: nobody else would subscribe to it. */
export function completed(result: unknown): unknown {
  return isStream(result) ? lastValueFrom(result, { defaultValue: undefined }) : undefined;
}

/** Whether a handler returned an Observable; what cannot even be asked, such as a strict proxy, is none. */
export function isStream(result: unknown): result is Observable<unknown> {
  try {
    return isObservable(result);
  } catch {
    return false;
  }
}
