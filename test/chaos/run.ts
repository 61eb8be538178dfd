import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { play, type Result } from './harness/scenario.js';
import { scenarios } from './scenarios/index.js';

/**
 * Plays the scenarios and prints a table; exits with 1 when a task was lost, ran twice without a reason, or a promise
 * was broken in another way.
 */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      short: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      seed: { type: 'string' },
    },
  });
  const unknown = values.only?.filter((name) => !scenarios.some((scenario) => scenario.name === name)) ?? [];
  if (unknown.length > 0) {
    console.error(`No scenario "${unknown.join('", "')}". There are: ${scenarios.map(({ name }) => name).join(', ')}.`);
    return 2;
  }
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
  console.log(`Seed ${seed}${values.short ? ', short versions' : ''}.`);
  const chosen = scenarios.filter(({ name }) => values.only?.includes(name) ?? true);
  const results: Result[] = [];
  for (const scenario of chosen) {
    console.log(`${scenario.name}: ${scenario.promise} ...`);
    const result = await play(scenario, { short: values.short, seed });
    results.push(result);
    console.log(`  ${result.problems.length === 0 ? 'holds' : 'BROKEN'}: ${result.figure}`);
    for (const problem of result.problems) console.log(`  ! ${problem}`);
  }
  console.log(`\n${table(results)}`);
  return results.some(({ problems }) => problems.length > 0) ? 1 : 0;
}

/** In Markdown, for docs/guarantees.md. */
function table(results: readonly Result[]): string {
  const rows = results.map(({ name, tally, faults, figure, seconds, problems }) => [
    name,
    tally.tasks.toLocaleString('en'),
    String(faults),
    String(tally.lost.length),
    String(tally.unexplained.length),
    problems.length === 0 ? figure : `BROKEN: ${figure}`,
    seconds.toFixed(0),
  ]);
  const header = ['scenario', 'tasks', 'faults', 'lost', 'unexplained duplicates', 'figure', 'seconds'];
  const lines = [header, header.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

process.exitCode = await main();
