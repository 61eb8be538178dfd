import { STOP_SIGNALS } from './signals.js';

const MAX_SHOWN = 80;

/**
 * A warning about signal listeners that the app's files registered in the supervisor, which imports them; undefined if
 * there are none. Call it before the supervisor registers its own.
 */
export function foreignListenerWarning(): string | undefined {
  const found = STOP_SIGNALS.flatMap((signal) => process.listeners(signal).map((listener) => ({ signal, listener })));
  const { 0: first } = found;
  if (!first) return undefined;
  const signals = [...new Set(found.map(({ signal }) => signal))].join(', ');
  return (
    `The app's files listen for ${signals} where they are imported: ${shown(first.listener)}. The supervisor imports them as ` +
    'well; if that listener ends the process, it ends the worker at once, and running tasks have no grace. Do it in a provider ' +
    'instead, in onApplicationShutdown(): that runs in each child, after its last task.'
  );
}

function shown(listener: (...args: never[]) => unknown): string {
  const source = listener.toString().replace(/\s+/g, ' ');
  return source.length > MAX_SHOWN ? `${source.slice(0, MAX_SHOWN)} ...` : source;
}
