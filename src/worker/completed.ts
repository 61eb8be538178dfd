import { isObservable, lastValueFrom } from 'rxjs';

/** Waits for an Observable that a handler returned, as Nest does: nobody else would subscribe to it. */
export function completed(result: unknown): unknown {
  return isObservable(result) ? lastValueFrom(result, { defaultValue: undefined }) : undefined;
}
