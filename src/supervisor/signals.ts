/** SIGHUP comes when a terminal is closed or an SSH session ends. Without a listener it would end the process at once. */
export const STOP_SIGNALS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/**
 * Signals that follow one another within this time are one, in ms: a terminal and a tool may both pass on a Ctrl-C, `timeout` signals
 * the process and its group, and systemd sends a SIGHUP behind its SIGTERM where `SendSIGHUP` is set.
 */
export const SAME_SIGNAL_MS = 1_000;

/**
 * Calls the listener for each signal to stop.
 *
 * @param options `signals`: to listen to, STOP_SIGNALS by default; `lastMs`: when the signal came that was handled before, by
 *   `performance.now()`
 * @returns ends the listening
 */
export function onStopSignals(
  listener: (signal: NodeJS.Signals) => void,
  { signals = STOP_SIGNALS, lastMs = Number.NEGATIVE_INFINITY } = {},
): () => void {
  let countedMs = lastMs;
  const handler = (signal: NodeJS.Signals): void => {
    const nowMs = performance.now();
    if (nowMs - countedMs < SAME_SIGNAL_MS) return;
    countedMs = nowMs;
    listener(signal);
  };
  for (const signal of signals) process.on(signal, handler);
  return () => {
    for (const signal of signals) process.off(signal, handler);
  };
}
