import type { FigureResult } from './figure.js';
import { goalResultText, goalText, number } from './format.js';
import { median } from './goals.js';
import type { Machine } from './machine.js';

/** All there is to know about a run, as `bench/results.json` keeps it. */
export interface Results {
  readonly machine: Machine;
  readonly figures: readonly FigureResult[];
}

/** One figure as a Markdown table, and its goals. */
export function figureText({ title, unit, better, how, series, missing = [], goalResults }: FigureResult): string {
  const rows = series.map((one) => {
    const reference = series.find(({ measure }) => measure === one.measure);
    const middle = median(one.values);
    return [
      one.contestant,
      ...(one.measure === undefined ? [] : [one.measure]),
      number(middle),
      `${number(Math.min(...one.values))} to ${number(Math.max(...one.values))}`,
      reference ? ratio(middle / median(reference.values)) : '',
    ];
  });
  const [first] = series;
  const header = [
    'contestant',
    ...(first?.measure === undefined ? [] : ['what']),
    `median, ${unit}`,
    `spread of ${first?.values.length ?? 0}`,
    `x ${first?.contestant ?? ''}`,
  ];
  const goals = goalResults.map((result) => `- ${goalText(result.goal, unit)}: **${goalResultText(result, unit)}**`);
  const absent = missing.map(({ contestant, why }) => `- ${contestant}: **not measured**, ${why.split('\n', 1)}`);
  return [
    `### ${title}`,
    '',
    `${how} ${better === 'higher' ? 'More' : 'Less'} is better.`,
    '',
    ...(rows.length > 0 ? [table([header, ...rows]), ''] : []),
    ...absent,
    ...goals,
  ].join('\n');
}

/** The whole of `bench/results.md`. */
export function reportText({ machine, figures }: Results): string {
  const { cpu, cores, memoryGb, system, versions } = machine;
  const runs = [...new Set(figures.map(({ commit, measuredAt, quick }) => runText(commit, measuredAt, quick)))];
  const goals = figures.flatMap(({ title, unit, goalResults }) =>
    goalResults.map((result) => [title, goalText(result.goal, unit), goalResultText(result, unit)]),
  );
  return [
    '# Results of `npm run bench`',
    '',
    'Written by the bench itself; what the figures mean is in [performance](../docs/performance.md).',
    '',
    `- ${cpu}, ${cores} cores, ${memoryGb} GB, ${system}`,
    `- ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}`,
    ...runs.map((run) => `- ${run}`),
    '',
    '## Goals',
    '',
    table([['figure', 'goal', 'result'], ...goals]),
    '',
    '## Figures',
    '',
    'Medians. Contestants took turns, on the same private Redis of this machine.',
    '',
    ...figures.flatMap((figure) => [figureText(figure), '']),
  ].join('\n');
}

function runText(commit: string, measuredAt: string, quick: boolean): string {
  return `${quick ? 'quick run' : 'measured'} on ${measuredAt.slice(0, 10)}${commit ? ` at commit ${commit}` : ''}`;
}

function ratio(value: number): string {
  return value === 1 ? '1' : number(value);
}

function table(rows: readonly (readonly string[])[]): string {
  const [header = [], ...body] = rows;
  return [header, header.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
