/**
 * Detects an end of this process that the supervisor did not cause: code of the app's files, which it imports, called
 * `process.exit()` or threw. The exit code is not 0 then, so that a service manager does not take it for an orderly stop.
 *
 * @param children how many there are
 * @returns ends the watch
 */
export function watchEarlyExit(children: () => number, onEarly: (what: string) => void): () => void {
  const onExit = (): void => {
    const alive = children();
    if (alive === 0) return;
    process.exitCode ||= 1;
    onEarly(
      `The supervisor ends while ${alive} of its children ${alive === 1 ? 'runs' : 'run'}: code in the app's files, which it imports, ` +
        'called process.exit() or threw, perhaps a listener of a signal. The running tasks are cut off, and run again after ' +
        'the lease. Move such code into a provider, which only the children instantiate.',
    );
  };
  process.on('exit', onExit);
  return () => process.off('exit', onExit);
}
