import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** Whether Debian's `prometheus` is installed, which brings promtool. */
export const HAS_PROMTOOL = spawnSync('promtool', ['--version']).status === 0;
/** For the title of a test that needs it. */
export const NEEDS_PROMTOOL = HAS_PROMTOOL ? '' : ' (skipped: there is no promtool on the PATH)';

/** Its report; empty when it finds no fault. */
export function promtool(args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  return status === 0 ? '' : `${status}: ${stdout}${stderr}`;
}

/** Labels of a series, as `{queue="mail"}`, and its value. */
export interface Sample {
  readonly labels: string;
  readonly value: number;
}

/** What a query has to find after so many minutes. */
export interface Expectation {
  readonly expr: string;
  readonly minute: number;
  readonly samples: readonly Sample[];
}

/**
 * Its report on the queries; empty when each finds its samples.
 *
 * @param series the values of each, one a minute
 * @param rules a file of rules that Prometheus evaluates meanwhile
 */
export function queried(
  series: Readonly<Record<string, string>>,
  expectations: readonly Expectation[],
  rules?: string,
): string {
  const test = {
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: expectations.map(({ expr, minute, samples }) => ({
      expr,
      eval_time: `${minute}m`,
      exp_samples: samples,
    })),
  };
  const files = {
    'test.yaml': stringify({ rule_files: rules ? [rules] : [], evaluation_interval: '1m', tests: [test] }),
  };
  return inDirectory(files, (directory) => promtool(['test', 'rules', join(directory, 'test.yaml')]));
}

/** Calls back with a directory that holds these files. */
export function inDirectory<T>(files: Readonly<Record<string, string>>, run: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'nestwork-promtool-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    return run(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
