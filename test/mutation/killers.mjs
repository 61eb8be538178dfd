/** Files that test nothing but scripts come before files that test connections, too. */
export const TESTS_OF_SCRIPTS =
  'guards scripts refusals retries cancelling hard-timeouts unique-keys dead-letters scheduling leases cron-scripts run-time-cron-scripts foreign-keys foreign-values pauses limits-listed limits-leaving limits-waiting limits-foreign-keys limits-claiming limits-gates limits-rates limits-waking limits-rules limits-sending'
    .split(' ')
    .map(fileOf);

/** Which files of tests have missed a guard: they are the most likely to miss the next one too. */
export class Killers {
  // file -> how often
  #all = new Map(TESTS_OF_SCRIPTS.map((file) => [file, 1]));

  add(file) {
    this.#all.set(file, (this.#all.get(file) ?? 0) + 1);
  }

  /** Files of tests, the most likely to miss this guard first. */
  likely({ tests }) {
    const files = [...this.#all].sort(([, a], [, b]) => b - a).map(([file]) => file);
    return tests ? [fileOf(tests), ...files] : files;
  }
}

function fileOf(name) {
  return `test/broker/${name}.test.ts`;
}
