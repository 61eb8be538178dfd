import { grouped, percent, rate, sparkline } from '../../terminal/figures.js';
import { clipLine, spread, widthOf, wrapped } from '../../terminal/frame.js';
import type { Surface } from '../../terminal/table.js';
import { count, counted } from '../../values/counted.js';
import { printable } from '../../values/printable.js';
import type { StatusFinding, StatusReport } from './status-report.js';

/** The surface for a person, and the place that is looked at. */
export interface Viewer extends Surface {
  /** the server and the namespace, without a password */
  readonly place: string;
  /** A command as a person types it. */
  readonly typed: (command: readonly string[]) => string;
}

const LABEL = 8;
/** Room for the figures behind a sparkline. */
const FIGURES = 30;
const SPARKS = [60, 30, 20, 12, 6] as const;

/** `Healthy`, or how much is wrong. */
function judged(report: Pick<StatusReport, 'healthy' | 'findings'>, { paint }: Surface): string {
  const notices = report.findings.filter(({ severity }) => severity === 'notice').length;
  const problems = report.findings.length - notices;
  const noted = notices === 0 ? '' : `, ${counted(notices, 'notice')}`;
  if (report.healthy) return `${paint.green('●')} ${paint.bold('Healthy')}${noted}`;
  return `${paint.red('●')} ${paint.bold(paint.red(counted(problems, 'problem')))}${noted}`;
}

/** Whether all is well, with the place and the time as far as there is room. */
export function headline(report: StatusReport, viewer: Viewer): string {
  const { paint, place, width } = viewer;
  const clock = `${report.at.toISOString().slice(11, 19)}Z`;
  const judgement = judged(report, viewer);
  const whole = `${place}  ${clock}`;
  return spread(judgement, paint.dim(widthOf(judgement) + whole.length + 2 <= width ? whole : clock), width);
}

/** A finding in a few lines, and the command that shows more or mends it. */
export function findingLines({ severity, text, command }: StatusFinding, viewer: Viewer): string[] {
  const { paint, width, typed } = viewer;
  const mark = severity === 'problem' ? paint.red('✗') : paint.yellow('!');
  const [first = '', ...more] = wrapped(text, width - 2);
  const remedy = wrapped(printable(typed(command)), width - 2).map((line) => paint.cyan(line));
  return [`${mark} ${first}`, ...[...more, ...remedy].map((line) => `  ${line}`)];
}

/** The last hour in two lines: attempts that are done, and those that failed. */
export function throughputLines({ throughput, dead }: StatusReport, { paint, width }: Surface): string[] {
  const { done, failed, failureRate, perMinute } = throughput;
  // the present one has only begun, and would look like a fall
  const minutes = throughput.minutes.slice(0, -1);
  const cells = SPARKS.find((size) => LABEL + size + FIGURES <= width) ?? SPARKS.at(-1) ?? 0;
  const line = (label: string, values: readonly number[], figures: string, colour: (text: string) => string): string =>
    clipLine(`${label.padEnd(LABEL)}${colour(sparkline(grouped(values, cells)))}  ${figures}`, width);
  const died = dead.lastHour === 0 ? '' : `, ${count(dead.lastHour)} dead`;
  return [
    line(
      'done',
      minutes.map((minute) => minute.done),
      `${rate(perMinute)}/min, ${count(done)} in 1h`,
      paint.green,
    ),
    line(
      'failed',
      minutes.map((minute) => minute.failed),
      `${count(failed)} (${percent(failureRate)})${died}`,
      failed === 0 ? paint.dim : paint.red,
    ),
  ];
}
