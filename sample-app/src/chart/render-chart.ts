import { basename } from 'node:path';
import type { LineCounts } from '../counting/count-lines.js';
import type { Report, ReportRow } from '../reports/report.js';
import { axisTicks } from './axis.js';
import { chartRows } from './chart-rows.js';
import { CHART_STYLE } from './chart-style.js';
import { formatBytes, formatCompact, formatCount, formatPlural, formatShare } from './format-numbers.js';
import { xmlText } from './xml-text.js';

const WIDTH = 880;
const MARGIN = 36;
const BARS = { left: 180, right: 690, top: 150 };
const ROW = { height: 34, bar: 18 };
const SHARE_WIDTH = 62;
const SEGMENT_GAP = 1.5;
/** of a bar, however few lines it stands for */
const THINNEST = 3;
const MOST_TITLE_CHARACTERS = 56;

const KINDS: readonly (readonly [kind: keyof LineCounts, label: string, legendAt: number])[] = [
  ['code', 'Code', MARGIN],
  ['comments', 'Comments', MARGIN + 132],
  ['blanks', 'Blank', MARGIN + 304],
];

/** The data of a chart. */
export type ChartData = Pick<Report, 'id' | 'directory' | 'total' | 'languages'>;

/**
 * Draws a report as a bar chart: an SVG that stands alone, without scripts, fonts or links, and looks right in an
 * `<img>`, inlined into a page, and on light and dark backgrounds.
 *
 * @param title instead of the directory's own name; readers of the chart must not see its path on the machine
 */
export function renderChart(report: ChartData, title?: string): string {
  const heading = shortened(title ?? (basename(report.directory) || report.directory));
  const rows = chartRows(report.languages);
  const height = BARS.top + Math.max(1, rows.length) * ROW.height + 56;
  const label = xmlText(`Lines of code in ${heading}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" class="code-stats" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title-${report.id} desc-${report.id}">
<title id="title-${report.id}">${label}</title>
<desc id="desc-${report.id}">${xmlText(describe(report, rows))}</desc>
<style>${CHART_STYLE}</style>
<rect class="card" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="14"/>
${head(report, heading)}
${rows.length > 0 ? legend(report.total) + plot(rows, report.total.lines) : nothing()}
</svg>
`;
}

function head(report: ChartData, title: string): string {
  const { files, lines, bytes } = report.total;
  const facts = [
    formatPlural(lines, 'line'),
    formatPlural(files, 'file'),
    formatPlural(report.languages.length, 'language'),
    formatBytes(bytes),
  ];
  // an svg within the svg cuts off a title that is too wide in any font
  return `<svg x="${MARGIN}" width="${WIDTH - 2 * MARGIN}" height="90">
${text(0, 54, 'title', title)}
${text(0, 80, 'muted', facts.join(' · '))}
</svg>`;
}

function legend(total: ReportRow): string {
  const entries = KINDS.map(([kind, label, x]) => {
    const share = `<tspan class="muted" dx="6">${xmlText(formatShare(total[kind], total.lines))}</tspan>`;
    const swatch = `<rect class="${kind}" x="${x}" y="106" width="12" height="12" rx="3"/>`;
    return `${swatch}\n<text x="${x + 20}" y="117">${label}${share}</text>`;
  });
  return [
    ...entries,
    text(WIDTH - MARGIN - SHARE_WIDTH, 117, 'muted small end', 'Lines'),
    text(WIDTH - MARGIN, 117, 'muted small end', 'Share'),
  ].join('\n');
}

function plot(rows: readonly ReportRow[], allLines: number): string {
  const ticks = axisTicks(Math.max(...rows.map(({ lines }) => lines)));
  const scale = (BARS.right - BARS.left) / (ticks.at(-1) ?? 1);
  const bottom = BARS.top + rows.length * ROW.height;
  const grid = ticks.map((tick) => {
    const x = round(BARS.left + tick * scale);
    const line = `<line class="grid" x1="${x}" x2="${x}" y1="${BARS.top - 6}" y2="${bottom + 4}"/>`;
    return `${line}\n${text(x, bottom + 22, 'muted small middle', formatCompact(tick))}`;
  });
  return [...grid, ...rows.map((row, index) => bar(row, BARS.top + index * ROW.height, scale, allLines))].join('\n');
}

function bar(row: ReportRow, top: number, scale: number, allLines: number): string {
  const baseline = top + ROW.height / 2 + 5;
  return [
    text(MARGIN, baseline, 'strong', row.name),
    ...segments(row, top + (ROW.height - ROW.bar) / 2, scale),
    text(WIDTH - MARGIN - SHARE_WIDTH, baseline, 'end', formatCount(row.lines)),
    text(WIDTH - MARGIN, baseline, 'muted end', formatShare(row.lines, allLines)),
  ].join('\n');
}

/** Code, comments and blanks side by side; a part that is too thin to see is left out, but never the whole bar. */
function segments(row: ReportRow, y: number, scale: number): string[] {
  const visible = KINDS.filter(([kind]) => row[kind] * scale > SEGMENT_GAP + 0.5);
  if (visible.length === 0 || row.lines * scale < THINNEST) return [segment('code', BARS.left, y, THINNEST, true)];
  const last = visible.at(-1)?.[0];
  let x = BARS.left;
  return visible.map(([kind]) => {
    const start = x;
    x += row[kind] * scale;
    return segment(kind, start, y, kind === last ? x - start : x - start - SEGMENT_GAP, kind === last);
  });
}

function segment(kind: string, x: number, y: number, width: number, rounded = false): string {
  const radius = rounded ? Math.min(4, width / 2) : 0;
  const [right, lower] = [round(width - radius), ROW.bar - 2 * radius];
  const corner = (dx: number, dy: number) => `a${round(radius)} ${round(radius)} 0 0 1 ${round(dx)} ${round(dy)}`;
  const outline = `M${round(x)} ${y}h${right}${corner(radius, radius)}v${round(lower)}${corner(-radius, radius)}h${-right}z`;
  return `<path class="${kind}" d="${outline}"/>`;
}

function nothing(): string {
  return text(MARGIN, 130, 'muted', 'There was nothing to count.');
}

function text(x: number, y: number, classes: string, content: string): string {
  return `<text class="${classes}" x="${x}" y="${y}">${xmlText(content)}</text>`;
}

function shortened(title: string): string {
  const name = [...title];
  return name.length <= MOST_TITLE_CHARACTERS ? title : `${name.slice(0, MOST_TITLE_CHARACTERS - 1).join('')}…`;
}

function describe(report: ChartData, rows: readonly ReportRow[]): string {
  const { lines, files } = report.total;
  const shares = rows.map((row) => `${row.name} ${formatCount(row.lines)} (${formatShare(row.lines, lines)})`);
  return `Bar chart of ${formatPlural(lines, 'line')} in ${formatPlural(files, 'file')} by language: ${shares.join(', ')}.`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
