/**
 * Takes each guard of the Lua scripts away, one at a time, and expects that a test of the broker fails.
 *
 *   node test/mutation/check-guards.mjs           all guards
 *   node test/mutation/check-guards.mjs reap      those with this in their name; several names are several choices
 *   node test/mutation/check-guards.mjs --model   without the examples, to learn what the random commands alone find
 *
 * The guards stand in guards.mjs. Each is a replacement of text that must be found exactly once, so a guard that was
 * rewritten fails this tool until its entry is rewritten too. The scripts of the working tree are never touched: tests
 * run on copies. A guard that the examples let go is given to the random commands of the model test.
 *
 * Without a guard a test may hang. Tests that run for several times as long as they do with all guards are killed; the
 * guard counts as needed, and its line says that it hangs.
 *
 * Exits with 1 when the removal of a guard survives.
 */
import { Failure, runTool } from '../../tools/run.mjs';
import { GUARDS } from './guards.mjs';
import { Killers, TESTS_OF_SCRIPTS } from './killers.mjs';
import { TestCopy } from './test-copy.mjs';

/** Two copies, each with one Jest and one Redis, keep a small machine busy. */
const COPIES = 2;
/** Times what the tests take with all guards, one copy at a time: two copies slow each other down. */
const LIMIT_FACTOR = 5;
const SHORTEST_LIMIT_MS = 120_000;
/** The first run has no other to go by. */
const FIRST_RUN_LIMIT_MS = 3_600_000;

await runTool(async () => {
  const { modelAlone, wanted } = options(process.argv.slice(2));
  const guards = GUARDS.filter((guard) => wanted.some((name) => nameOf(guard).includes(name)));
  if (guards.length === 0) throw new Failure(`No guard has ${wanted.join(' or ')} in its name.`);
  const copies = Array.from({ length: COPIES }, () => new TestCopy({ examples: !modelAlone }));
  process.once('exit', () => {
    for (const copy of copies) copy.remove();
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

  const limitMs = Math.max(LIMIT_FACTOR * (await assertSound(copies[0], guards)), SHORTEST_LIMIT_MS);
  const started = Date.now();
  const { survivors, hanging } = await takeAway(copies, guards, limitMs);
  const seconds = Math.round((Date.now() - started) / 1_000);
  const needed = guards.length - survivors.length;
  console.log(
    `${needed} guards are needed (${hanging.length} because a test hangs), the removal of ${survivors.length} survived, in ${seconds} s`,
  );
  for (const guard of hanging) console.log(`HANGS     ${nameOf(guard)}`);
  for (const guard of survivors) console.log(`SURVIVED  ${nameOf(guard)}`);
  return survivors.length > 0 ? 1 : 0;
});

function options(args) {
  const names = args.filter((arg) => !arg.startsWith('--'));
  return { modelAlone: args.includes('--model'), wanted: names.length > 0 ? names : [''] };
}

/** Without this a failure would prove nothing. Resolves to how long the tests took, in milliseconds. */
async function assertSound(copy, guards) {
  for (const guard of guards) {
    const matches = copy.countOf(guard);
    if (matches !== 1) throw new Failure(`${nameOf(guard)}: found ${matches} times, not once:\n${guard.find}`);
  }
  const started = Date.now();
  const failing = await copy.firstFailure(TESTS_OF_SCRIPTS, FIRST_RUN_LIMIT_MS);
  if (failing)
    throw new Failure(`The tests must pass before anything is taken away, but this one fails: ${failing.name}`);
  return Date.now() - started;
}

/** Resolves to the guards whose removal no test has missed, and those without which a test hangs. Prints each as soon as it is known. */
async function takeAway(copies, guards, limitMs) {
  const width = Math.max(...guards.map((guard) => nameOf(guard).length));
  const waiting = [...guards];
  const survivors = [];
  const hanging = [];
  const killers = new Killers();
  let tried = 0;
  const work = async (copy) => {
    for (let guard = waiting.shift(); guard; guard = waiting.shift()) {
      const failure = await copy.firstFailureWithout(guard, killers.likely(guard), limitMs);
      if (failure?.hangs) hanging.push(guard);
      else if (failure) killers.add(failure.file);
      else survivors.push(guard);
      tried += 1;
      const of = `${tried}/${guards.length}`.padStart(7);
      console.log(`${of}  ${nameOf(guard).padEnd(width)}  ${failure?.name ?? 'SURVIVED'}`);
    }
  };
  await Promise.all(copies.map(work));
  return { survivors, hanging };
}

function nameOf({ script, guard }) {
  return `${script}: ${guard}`;
}
