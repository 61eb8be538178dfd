const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Tells of each signal to stop, and of how many there were.
 *
 * @returns ends the listening
 */
export function onStopSignals(listener: (signal: NodeJS.Signals, times: number) => void): () => void {
  let times = 0;
  const handler = (signal: NodeJS.Signals): void => {
    times += 1;
    listener(signal, times);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, handler);
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, handler);
  };
}
