/** What tests nothing but scripts comes before what tests connections, too. */
export const TESTS_OF_SCRIPTS =
  'guards scripts refusals retries cancelling hard-timeouts unique-keys dead-letters scheduling leases cron-scripts foreign-keys'
    .split(' ')
    .map((name) => `test/broker/${name}.test.ts`);

/** Which files of tests have missed a guard: they are the most likely to miss the next one too. */
export class Killers {
  // file -> how often
  #all = new Map(TESTS_OF_SCRIPTS.map((file) => [file, 1]));
  // script -> file
  #latest = new Map();

  add({ script }, file) {
    this.#all.set(file, (this.#all.get(file) ?? 0) + 1);
    this.#latest.set(script, file);
  }

  likely({ script }) {
    const files = [...this.#all].sort(([, a], [, b]) => b - a).map(([file]) => file);
    const latest = this.#latest.get(script);
    return latest ? [latest, ...files.filter((file) => file !== latest)] : files;
  }
}
