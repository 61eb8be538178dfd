/** SIGHUP comes when a terminal is closed or an SSH session ends; unheard it would end the process at once. */
export const STOP_SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/**
 * Tells of each signal to stop, and of how many there were.
 *
 * @returns ends the listening
 */
export function onStopSignals(
  listener: (signal: NodeJS.Signals, times: number) => void,
  signals = STOP_SIGNALS,
): () => void {
  let times = 0;
  const handler = (signal: NodeJS.Signals): void => {
    times += 1;
    listener(signal, times);
  };
  for (const signal of signals) process.on(signal, handler);
  return () => {
    for (const signal of signals) process.off(signal, handler);
  };
}
