import type { FigureResult } from './figure.js';
import { number } from './format.js';
import { median } from './goals.js';
import type { Results } from './report.js';

interface Panel {
  readonly figure: string;
  readonly measure?: string;
  readonly title: string;
}

/** One word of a contestant's name, and how it is shown. */
const SHOWN = new Map([
  ['nestwork', 'nestwork'],
  ['bullmq', 'BullMQ'],
  ['bee-queue', 'bee-queue'],
]);

/** The first question of a reader who chooses a queue. */
const PANELS: readonly Panel[] = [
  { figure: 'throughput', title: 'Tasks run per second by one process, each at its best' },
  { figure: 'due-at-once', title: 'Seconds to run 50,000 tasks due at the same instant' },
  { figure: 'enqueue', measure: 'one after another', title: 'Tasks enqueued per second, one after another' },
  { figure: 'enqueue', measure: 'lists of 1,000', title: 'Tasks enqueued per second, in lists of 1,000' },
  { figure: 'memory', measure: 'pending', title: 'Bytes in Redis per pending task' },
  { figure: 'latency', measure: 'p50', title: 'Milliseconds from the call to the start, on an idle worker' },
];

const COLUMNS = 2;
const COLUMN = { width: 440, gap: 24 };
const ROW = { title: 22, bar: 18, gap: 6, below: 26 };
const LABEL_WIDTH = 78;
const VALUE_WIDTH = 70;
const TOP = 8;
const FOOTER = 24;

/** Text and bars have to be readable on a white page and on a black one. */
const STYLE = `
  text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .name { text-anchor: end; }
  .note { fill: #59636e; font-size: 11px; }
  .ours { fill: #d6234c; }
  .peer { fill: #a5adb6; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .note { fill: #9198a1; }
    .ours { fill: #f0476b; }
    .peer { fill: #6e7681; }
  }`;

/**
 * The chart of the README, as SVG: a panel of bars each for a few figures, every one on a scale of its own from zero.
 * Quick runs are left out: they are too short, and count other numbers of tasks.
 */
export function chart({ figures, machine }: Results): string {
  const panels = PANELS.flatMap((panel) => {
    const figure = figures.find(({ id, quick }) => id === panel.figure && !quick);
    return figure ? [{ ...panel, better: figure.better, bars: barsOf(figure, panel.measure) }] : [];
  });
  const height = ROW.title + SHOWN.size * (ROW.bar + ROW.gap) + ROW.below;
  const width = COLUMNS * COLUMN.width + (COLUMNS - 1) * COLUMN.gap;
  const total = TOP + Math.ceil(panels.length / COLUMNS) * height + FOOTER;
  const drawn = panels.map(({ title, better, bars }, index) => {
    const x = (index % COLUMNS) * (COLUMN.width + COLUMN.gap);
    const y = TOP + Math.floor(index / COLUMNS) * height;
    return `<g transform="translate(${x} ${y})">${heading(title)}${drawBars(bars)}${note(better, bars.length)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${total}" width="${width}" height="${total}" role="img">`,
    `<title>${description(panels)}</title>`,
    `<style>${STYLE}\n</style>`,
    ...drawn,
    `<text class="note" y="${total - 8}">${escapeXml(footer(machine))}</text>`,
    '</svg>',
    '',
  ].join('\n');
}

interface Bar {
  readonly name: string;
  readonly value: number;
}

/** Of several concurrencies of a contestant, the best. */
function barsOf({ series, better }: FigureResult, measure: string | undefined): Bar[] {
  return [...SHOWN].flatMap(([word, name]) => {
    const own = series.filter((one) => one.contestant.split(' ')[0] === word && one.measure === measure);
    const medians = own.map(({ values }) => median(values));
    if (medians.length === 0) return [];
    return [{ name, value: better === 'higher' ? Math.max(...medians) : Math.min(...medians) }];
  });
}

function heading(title: string): string {
  return `<text class="title" y="12">${escapeXml(title)}</text>`;
}

function drawBars(bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ value }) => value));
  return bars
    .map(({ name, value }, index) => {
      const y = ROW.title + index * (ROW.bar + ROW.gap);
      const length = Math.max(1, (value / most) * (COLUMN.width - LABEL_WIDTH - VALUE_WIDTH)).toFixed(1);
      const baseline = y + ROW.bar - 5;
      return [
        `<text class="name" x="${LABEL_WIDTH - 8}" y="${baseline}">${escapeXml(name)}</text>`,
        `<rect class="${index === 0 ? 'ours' : 'peer'}" x="${LABEL_WIDTH}" y="${y}" width="${length}" height="${ROW.bar}" rx="2"/>`,
        `<text x="${(LABEL_WIDTH + Number(length) + 6).toFixed(1)}" y="${baseline}">${number(value)}</text>`,
      ].join('');
    })
    .join('');
}

function note(better: 'higher' | 'lower', bars: number): string {
  const y = ROW.title + bars * (ROW.bar + ROW.gap) + 8;
  return `<text class="note" x="${LABEL_WIDTH}" y="${y}">${better === 'higher' ? 'more' : 'less'} is better</text>`;
}

function footer({ cpu, cores, versions }: Results['machine']): string {
  const { bullmq, 'bee-queue': beeQueue, node, redis } = versions;
  const compared = `BullMQ ${bullmq}, bee-queue ${beeQueue}; Node ${node}, Redis ${redis}, ${cpu}, ${cores} cores.`;
  return `Every scale starts at zero. ${compared}`;
}

/** For those who cannot see it. */
function description(panels: readonly { title: string; bars: readonly Bar[] }[]): string {
  return panels
    .map(
      ({ title, bars }) =>
        `${escapeXml(title)}: ${bars.map(({ name, value }) => `${name} ${number(value)}`).join(', ')}`,
    )
    .join('. ');
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
