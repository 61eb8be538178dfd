import { scenarios } from '../scenarios/index.js';
import { play } from './scenario.js';

/** A seed that is printed with every failure; `CHAOS_SEED` repeats one. */
const SEED = Number(process.env.CHAOS_SEED ?? Date.now() % 2 ** 31);

/** The short version of a scenario, for a test: throws a report of all that it broke. */
export async function playShort(name: string): Promise<void> {
  const scenario = scenarios.find((known) => known.name === name);
  if (!scenario) throw new Error(`There is no scenario ${name}.`);
  const { problems } = await play(scenario, { short: true, seed: SEED });
  if (problems.length > 0) throw new Error(`CHAOS_SEED=${SEED}: ${scenario.promise}\n${problems.join('\n')}`);
}
