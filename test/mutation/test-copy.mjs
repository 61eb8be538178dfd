import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inlineLua, luaFile } from '../../tools/generate.mjs';
import { Failure, ROOT, run, TimeLimitExceeded } from '../../tools/run.mjs';

const COPIED = ['src', 'test/broker', 'test/support', 'jest.config.js', 'package.json'];
/** Replicas have no guards of their own in the scripts, and take long to set up; the table and the rights are not what is tried here. */
const EXAMPLES = ['test/broker', '--testPathIgnorePatterns=(model|replicas|sentinels|script-table|script-rights).test'];
const MODEL = ['test/broker/model'];
const ENVIRONMENT = {
  NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
  // always the same commands, so that the answer is always the same
  NESTWORK_MODEL_SEED: '1',
  NESTWORK_MODEL_RUNS: '40',
};
const SEQUENCER = join(ROOT, 'test/mutation/likely-first.mjs');
/** Not a test's doing: the replacement is no Lua. */
const INVALID = /Error compiling script|nonexistent global/;

/** A copy of the files that the tests of the broker need, in a directory of its own. */
export class TestCopy {
  #directory = realpathSync(mkdtempSync(join(tmpdir(), 'nestwork-guards-')));
  #suites;

  /** @param {{ examples: boolean }} options whether to run the examples before the model */
  constructor({ examples }) {
    for (const path of COPIED) cpSync(join(ROOT, path), join(this.#directory, path), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(this.#directory, 'node_modules'));
    this.#suites = examples ? [EXAMPLES, MODEL] : [MODEL];
  }

  remove() {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** How often the text of a guard is found in its script. */
  countOf({ script, find }) {
    return readFileSync(this.#path(script), 'utf8').split(find).length - 1;
  }

  /**
   * The first test that fails without the guard, by name and file; undefined when all pass.
   *
   * @param {readonly string[]} likely files of the tests to run before all others, because they are likely to fail
   * @param {number} limitMs tests that run for longer hang, and that is a failure, too: then `hangs` is set, and no file
   */
  async firstFailureWithout({ script, find, replace }, likely, limitMs) {
    const text = readFileSync(this.#path(script), 'utf8');
    // a function, because `$` means something in a replacement string
    const without = text.replace(find, () => replace);
    this.#write(script, without);
    try {
      return await this.firstFailure(likely, limitMs);
    } catch (error) {
      if (!(error instanceof TimeLimitExceeded)) throw error;
      return { name: `HANGS: the tests did not end within ${Math.round(limitMs / 1_000)} s`, hangs: true };
    } finally {
      this.#write(script, text);
    }
  }

  /** @param {number} [limitMs] for all tests together; without one they may take as long as they need */
  async firstFailure(likely = [], limitMs = undefined) {
    const started = Date.now();
    for (const suite of this.#suites) {
      const leftMs = limitMs && Math.max(limitMs - (Date.now() - started), 1);
      const failure = await this.#test(suite, likely, leftMs);
      if (failure) return failure;
    }
    return undefined;
  }

  async #test(suite, likely, limitMs) {
    const jest = [join(ROOT, 'node_modules/jest/bin/jest.js'), '--rootDir', this.#directory, '--runInBand'];
    // one failure is enough
    const args = [...jest, '--bail', '--testSequencer', SEQUENCER, '--colors=false', ...suite];
    const env = { ...ENVIRONMENT, NESTWORK_LIKELY_TESTS: likely.join() };
    try {
      await run(process.execPath, args, { cwd: this.#directory, env, limitMs });
      return undefined;
    } catch (error) {
      if (error instanceof TimeLimitExceeded) throw error;
      // tests are expected to fail
      return failureIn(error.message);
    }
  }

  #write(script, text) {
    writeFileSync(this.#path(script), text);
    inlineLua(this.#directory);
  }

  #path(script) {
    return luaFile(this.#directory, script);
  }
}

/** The first failure that Jest reports. */
function failureIn(log) {
  const [, file, name] = /^FAIL (\S+)[\s\S]*?^ {2}● (.+)$/m.exec(log) ?? [];
  if (!file || name === 'Test suite failed to run') throw new Failure(`A test file did not run:\n${log}`);
  if (INVALID.test(log)) throw new Failure(`The script without its guard is not valid:\n${log}`);
  return { name: name.replaceAll(' › ', ' '), file };
}
