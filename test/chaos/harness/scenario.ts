import { Arena, type ArenaOptions } from './arena.js';
import { Random } from './random.js';
import type { Tally } from './tally.js';

/** The parts that a scenario uses. */
export interface Stage {
  readonly arena: Arena;
  readonly random: Random;
  /** the version inside `npm test`: the same faults, fewer of them */
  readonly short: boolean;
}

export interface Findings {
  /** how many faults were injected */
  readonly faults: number;
  /** the measured value, in a few words */
  readonly figure: string;
  /** broken promises that the ledger cannot show */
  readonly problems?: readonly string[];
}

/** One way to break things. `run` resolves when all work is done again. */
export interface Scenario {
  readonly name: string;
  /** the condition that holds, in one line */
  readonly promise: string;
  readonly arena?: (short: boolean) => ArenaOptions;
  run(stage: Stage): Promise<Findings>;
}

export interface Result {
  readonly name: string;
  readonly tally: Tally;
  readonly faults: number;
  readonly figure: string;
  readonly problems: readonly string[];
  readonly seconds: number;
}

/** Runs a scenario from an empty server to the tally. A scenario that throws is a problem, not an exception. */
export async function play(scenario: Scenario, { short, seed }: { short: boolean; seed: number }): Promise<Result> {
  const startedAt = performance.now();
  const problems: string[] = [];
  let findings: Findings = { faults: 0, figure: 'failed' };
  let tally: Tally = { tasks: 0, lost: [], duplicates: 0, unexplained: [], crashes: 0, dead: 0 };
  const arena = await Arena.start(scenario.arena?.(short));
  try {
    findings = await scenario.run({ arena, short, random: new Random(seed) });
    problems.push(...(findings.problems ?? []));
    tally = await arena.tally();
    if (tally.lost.length > 0) problems.push(`lost: ${some(tally.lost)}`);
    if (tally.unexplained.length > 0) problems.push(`started again without a reason: ${some(tally.unexplained)}`);
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  problems.push(...(await arena.stop()));
  const seconds = (performance.now() - startedAt) / 1_000;
  const { name } = scenario;
  return { name, tally, faults: findings.faults, figure: findings.figure, problems, seconds };
}

/** A line of problems for each condition that does not hold. */
export function unless(holds: boolean, problem: string): string[] {
  return holds ? [] : [problem];
}

function some(ids: readonly string[]): string {
  return `${ids.length} tasks (${ids.slice(0, 5).join('; ')})`;
}
