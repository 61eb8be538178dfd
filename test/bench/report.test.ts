import { chart } from '../../bench/harness/chart.js';
import type { Figure, FigureResult, Series } from '../../bench/harness/figure.js';
import { number } from '../../bench/harness/format.js';
import { goalResultsOf, median, percentile } from '../../bench/harness/goals.js';
import { figureText, reportText } from '../../bench/harness/report.js';
import { type TallySheet, tasksPerSecond } from '../../bench/harness/tally.js';

const SERIES: Series[] = [
  { contestant: 'nestwork c1', values: [90, 110, 100] },
  { contestant: 'nestwork c50', values: [120, 130, 110] },
  { contestant: 'bullmq c1', values: [5, 4, 6] },
];

const MACHINE = {
  cpu: 'Z80',
  cores: 2,
  memoryGb: 1,
  system: 'CP/M 2.2',
  versions: { node: '20.1.2', redis: '7.0.0', bullmq: '6.0.0', 'bee-queue': '2.0.0' },
};

function goalResults(goals: Figure['goals'], better: Figure['better'] = 'higher', series = SERIES) {
  return goalResultsOf({ goals, better }, series).map(({ met, value }) => [met, value]);
}

function result(overrides: Partial<FigureResult> = {}): FigureResult {
  const goals = [{ of: 'nestwork c1', against: 'bullmq c1', atLeast: 25 }];
  return {
    id: 'throughput',
    title: 'Tasks per second',
    unit: 'tasks/s',
    better: 'higher',
    how: 'Run and count.',
    series: SERIES,
    goalResults: goalResultsOf({ goals, better: 'higher' }, SERIES),
    measuredAt: '2026-01-02T03:04:05.000Z',
    commit: 'abc',
    quick: false,
    ...overrides,
  };
}

describe('the goals of a figure', () => {
  it('compare medians, by ratio', () => {
    const goal = { of: 'nestwork c1', against: 'bullmq c1' };
    expect(goalResults([{ ...goal, atLeast: 20 }])).toEqual([[true, 20]]);
    expect(goalResults([{ ...goal, atLeast: 21 }])).toEqual([[false, 20]]);
    expect(goalResults([{ ...goal, atMost: 19 }])).toEqual([[false, 20]]);
  });

  it('take the best of several, which depends on the direction', () => {
    const goals = [{ of: ['nestwork c1', 'nestwork c50'], atLeast: 110 }];
    expect(goalResults(goals)).toEqual([[true, 120]]);
    expect(goalResults(goals, 'lower')).toEqual([[false, 100]]);
  });

  it('look at the number they name', () => {
    const series = [
      { contestant: 'nestwork', measure: 'p50', values: [1] },
      { contestant: 'nestwork', measure: 'p99', values: [9] },
    ];
    expect(goalResults([{ of: 'nestwork', measure: 'p99', atMost: 5 }], 'lower', series)).toEqual([[false, 9]]);
  });

  it('are left out when a contestant did not take part', () => {
    expect(goalResults([{ of: 'nestwork c1', against: 'bee-queue c1', atLeast: 1 }])).toEqual([]);
  });
});

describe('the statistics', () => {
  it('find the middle and the percentile', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, Number.NaN]);
    const hundred = Array.from({ length: 100 }, (_, index) => index);
    expect([percentile(hundred, 50), percentile(hundred, 99), percentile([7], 99)]).toEqual([50, 99, 7]);
  });

  it('count several processes only while all of them are at work', () => {
    const sheet = (firstMs: number, progress: TallySheet['progress']): TallySheet => ({
      pid: 1,
      count: progress.at(-1)?.[1] ?? 0,
      firstMs,
      progress,
      notes: [],
    });
    const early = sheet(0, [
      [500, 50],
      [1_000, 100],
    ]);
    const late = sheet(500, [[1_500, 300]]);
    expect(tasksPerSecond([early])).toBeCloseTo(100);
    expect(tasksPerSecond([early, late])).toBeCloseTo(100 + 300); // in the half second that they share
    expect(tasksPerSecond([late], 150)).toBeCloseTo(300);
  });

  it.each([
    [118_432, '118,000'],
    [1_234, '1,230'],
    [20.04, '20.0'],
    [0.2731, '0.273'],
    [0, '0'],
  ])('write %d as %s', (value, text) => {
    expect(number(value)).toBe(text);
  });
});

describe('the report', () => {
  it('shows medians, spread and ratios of a figure, and by how much a goal was missed', () => {
    const lines = figureText(result()).split('\n');
    expect(lines).toContain('| nestwork c50 | 120 | 110 to 130 | 1.20 |');
    expect(lines).toContain('| bullmq c1 | 5.00 | 4.00 to 6.00 | 0.050 |');
    expect(lines.at(-1)).toBe('- nestwork c1: >= 25 x bullmq c1: **missed by 20.0 %: 20.0 x**');
  });

  it('names the machine, the versions and each run', () => {
    const text = reportText({ machine: MACHINE, figures: [result(), result({ id: 'idle', commit: 'def+' })] });
    expect(text).toContain('Z80, 2 cores, 1 GB, CP/M 2.2');
    expect(text).toContain('node 20.1.2, redis 7.0.0');
    expect(text).toContain('measured on 2026-01-02 at commit abc\n- measured on 2026-01-02 at commit def+');
  });

  it('draws bars whose lengths are to the scale, from zero', () => {
    const svg = chart({ machine: MACHINE, figures: [result()] });
    const widths = [...svg.matchAll(/<rect class="(\w+)"[^>]* width="([\d.]+)"/g)].map(([, kind, width]) => [
      kind,
      width,
    ]);
    const [ours, peer] = widths.map(([, width]) => Number(width));
    expect(widths.map(([kind]) => kind)).toEqual(['ours', 'peer']);
    expect((peer ?? 0) / (ours ?? 0)).toBeCloseTo(5 / 120, 2);
    expect(svg).toContain('nestwork 120, BullMQ 5.00');
  });

  it('draws nothing of a quick run', () => {
    const svg = chart({ machine: MACHINE, figures: [result({ quick: true })] });
    expect(svg).not.toContain('<rect');
  });
});
