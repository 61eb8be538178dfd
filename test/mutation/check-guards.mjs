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
 * Exits with 1 when the removal of a guard survives.
 */
import { Failure, runTool } from '../../tools/run.mjs';
import { GUARDS } from './guards.mjs';
import { TestCopy } from './test-copy.mjs';

/** Two copies, each with one Jest and one Redis, keep a small machine busy. */
const COPIES = 2;
const SURVIVED = 'SURVIVED';

await runTool(async () => {
  const { modelAlone, wanted } = options(process.argv.slice(2));
  const guards = GUARDS.filter((guard) => wanted.some((name) => nameOf(guard).includes(name)));
  if (guards.length === 0) throw new Failure(`No guard has ${wanted.join(' or ')} in its name.`);
  const copies = Array.from({ length: COPIES }, () => new TestCopy({ examples: !modelAlone }));
  process.once('exit', () => {
    for (const copy of copies) copy.remove();
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

  await assertSound(copies[0], guards);
  const started = Date.now();
  const killers = await takeAway(copies, guards);
  return report(guards, killers, Math.round((Date.now() - started) / 1_000));
});

function options(args) {
  const names = args.filter((arg) => !arg.startsWith('--'));
  return { modelAlone: args.includes('--model'), wanted: names.length > 0 ? names : [''] };
}

/** Without this a failure would prove nothing. */
async function assertSound(copy, guards) {
  for (const guard of guards) {
    const matches = copy.countOf(guard);
    if (matches !== 1) throw new Failure(`${nameOf(guard)}: found ${matches} times, not once:\n${guard.find}`);
  }
  const failing = await copy.firstFailure();
  if (failing)
    throw new Failure(`The tests must pass before anything is taken away, but this one fails: ${failing.name}`);
}

/** Resolves to the name of the test that missed it, for each guard. */
async function takeAway(copies, guards) {
  const waiting = [...guards];
  const killers = new Map();
  // script -> file of the tests that missed a guard of it before: most likely that misses the next one too
  const favourites = new Map();
  const work = async (copy) => {
    for (let guard = waiting.shift(); guard; guard = waiting.shift()) {
      const failure = await copy.firstFailureWithout(guard, favourites.get(guard.script));
      killers.set(guard, failure?.name ?? SURVIVED);
      if (failure) favourites.set(guard.script, failure.file);
      process.stderr.write(`\r${killers.size} of ${guards.length} guards`);
    }
  };
  await Promise.all(copies.map(work));
  process.stderr.write('\n');
  return killers;
}

function report(guards, killers, seconds) {
  const width = Math.max(...guards.map((guard) => nameOf(guard).length));
  for (const guard of guards) console.log(`${nameOf(guard).padEnd(width)}  ${killers.get(guard)}`);
  const survived = guards.filter((guard) => killers.get(guard) === SURVIVED).length;
  console.log(`${guards.length - survived} guards are needed, the removal of ${survived} survived, in ${seconds} s`);
  return survived > 0 ? 1 : 0;
}

function nameOf({ script, guard }) {
  return `${script.replace('.lua', '')}: ${guard}`;
}
