/**
 * Keeps this process alive when nobody takes its output any more: a terminal that is closed, or the end of a process that
 * reads it, makes each write fail, and a failure that nobody listens for ends the process, and its running tasks with it.
 */
export function outliveOutput(streams: readonly NodeJS.WriteStream[] = [process.stdout, process.stderr]): void {
  // there is nowhere to say so
  for (const stream of streams) stream.on('error', () => {});
}
