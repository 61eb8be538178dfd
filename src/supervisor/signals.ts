/** SIGHUP comes when a terminal is closed or an SSH session ends; unheard it would end the process at once. */
export const STOP_SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/**
 * Within this time several signals are one stop, in ms: `timeout` sends its signal to the process and to its group, systemd a SIGHUP
 * behind its SIGTERM where it is told to, and a launcher may pass on what the terminal has sent to all.
 */
const ONE_STOP_MS = 250;

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
  let toldAtMs = Number.NEGATIVE_INFINITY;
  const handler = (signal: NodeJS.Signals): void => {
    if (performance.now() - toldAtMs < ONE_STOP_MS) return;
    toldAtMs = performance.now();
    times += 1;
    listener(signal, times);
  };
  for (const signal of signals) process.on(signal, handler);
  return () => {
    for (const signal of signals) process.off(signal, handler);
  };
}
