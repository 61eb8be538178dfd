import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { figures } from './figures/index.js';
import { chart } from './harness/chart.js';
import type { Figure, FigureResult } from './harness/figure.js';
import { number } from './harness/format.js';
import { goalResultsOf } from './harness/goals.js';
import { commit, machine } from './harness/machine.js';
import { figureText, type Results, reportText } from './harness/report.js';
import { playRounds } from './harness/rounds.js';
import { Stage } from './harness/stage.js';

const path = (file: string): string => new URL(`../../${file}`, import.meta.url).pathname;
const RESULTS = path('bench/results.json');
const REPORT = path('bench/results.md');
const CHART = path('docs/bench.svg');

/** Measures the figures in turn and prints each as soon as it is there. A missed goal is a finding, not a failure. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      write: { type: 'boolean', default: false },
      profile: { type: 'string' },
    },
  });
  const { quick, only, profile } = values;
  if (profile) profileInto(resolve(profile));
  const unknown = only?.filter((id) => !figures.some((figure) => figure.id === id)) ?? [];
  if (unknown.length > 0) {
    console.error(`No figure "${unknown.join('", "')}". There are: ${figures.map(({ id }) => id).join(', ')}.`);
    return 2;
  }
  const chosen = figures.filter(({ id, fullOnly }) => only?.includes(id) ?? !(quick && fullOnly));
  const results: FigureResult[] = [];
  for (const figure of chosen) {
    results.push(await measure(figure, quick));
    // each at once: a run that is interrupted keeps its measurements
    if (values.write || !(quick || only)) await write(results);
  }
  const goalResults = results.flatMap((result) => result.goalResults);
  const met = goalResults.filter((result) => result.met).length;
  const missing = results.flatMap((result) => result.missing ?? []).length;
  const rest = missing > 0 ? ` ${missing} contestants could not be measured.` : '';
  console.log(`\n${met} goals met, ${goalResults.length - met} missed.${rest}`);
  return 0;
}

/** By the environment, which all programs inherit: Node takes no --cpu-prof there before version 22. */
function profileInto(directory: string): void {
  mkdirSync(directory, { recursive: true });
  process.env.PROFILE_DIRECTORY = directory;
  process.env.NODE_OPTIONS = `--import=${new URL('harness/profile.js', import.meta.url)}`;
}

async function measure(figure: Figure, quick: boolean): Promise<FigureResult> {
  const { id, title, unit, better, how } = figure;
  const measuredAt = new Date().toISOString();
  process.stderr.write(`${id} `);
  const from = performance.now();
  const { series, missing } = await playRounds(figure, quick, () => process.stderr.write('.'));
  process.stderr.write(` ${number((performance.now() - from) / 1_000)} s\n`);
  const goalResults = goalResultsOf(figure, series);
  const absent = missing.length > 0 ? { missing } : {};
  const result = { id, title, unit, better, how, series, ...absent, goalResults, measuredAt, commit: commit(), quick };
  console.log(`\n${figureText(result)}\n`);
  return result;
}

/** Figures that were not measured this time stay as they were. */
async function write(measured: readonly FigureResult[]): Promise<void> {
  const before: FigureResult[] = existsSync(RESULTS)
    ? [...(JSON.parse(readFileSync(RESULTS, 'utf8')) as Results).figures]
    : [];
  const all = figures.flatMap(
    ({ id }) => measured.find((one) => one.id === id) ?? before.find((one) => one.id === id) ?? [],
  );
  const results: Results = { machine: machine(await redisVersion()), figures: all };
  writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(REPORT, reportText(results));
  writeFileSync(CHART, chart(results));
}

async function redisVersion(): Promise<string> {
  const stage = await Stage.open(true);
  const info = await stage.redis.info('server');
  await stage.close();
  return /(?:valkey|redis)_version:(\S+)/.exec(info)?.[1] ?? 'unknown';
}

process.exitCode = await main();
