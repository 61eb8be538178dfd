/**
 * Keeps this process alive when its output is closed. If a terminal is closed or the process that reads the output ends,
 * each write fails. A write error without a listener would end the process and its running tasks.
 */
export function outliveOutput(streams: readonly NodeJS.WriteStream[] = [process.stdout, process.stderr]): void {
  // there is no output that could report it
  for (const stream of streams) stream.on('error', () => {});
}
