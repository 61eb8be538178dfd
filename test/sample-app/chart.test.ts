import { axisTicks } from '../../sample-app/src/chart/axis.js';
import { chartRows } from '../../sample-app/src/chart/chart-rows.js';
import {
  formatBytes,
  formatCompact,
  formatCount,
  formatPlural,
  formatShare,
} from '../../sample-app/src/chart/format-numbers.js';
import { renderChart } from '../../sample-app/src/chart/render-chart.js';
import { xmlText } from '../../sample-app/src/chart/xml-text.js';
import { reportOn, row } from './reports.js';
import { elementsOf } from './well-formed-xml.js';

const languages = (count: number) =>
  Array.from({ length: count }, (_, index) => row(`Language ${index}`, 1_000 - index, 100, 50));

/** The texts of the chart. */
function wordsOf(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>(.*?)<\/text>/g)].map(([, content = '']) => content.replace(/<[^>]*>/g, ' '));
}

describe('the chart', () => {
  test.each([0, 1, 2, 10, 11, 12, 30])('is well-formed with %i languages', (count) => {
    const svg = renderChart(reportOn('/srv/app', languages(count)));
    expect(elementsOf(svg).slice(0, 4)).toEqual(['svg', 'title', 'desc', 'style']);
    expect(svg).not.toMatch(/NaN|Infinity|undefined|="-/);
  });

  test('shows the ten largest languages, and the rest as one', () => {
    const words = wordsOf(renderChart(reportOn('/srv/app', languages(30))));
    expect(words).toEqual(expect.arrayContaining(['Language 0', 'Language 9', '20 others', '22,610']));
    expect(words).not.toContain('Language 10');
  });

  test('shows the name of the directory and the totals', () => {
    const words = wordsOf(renderChart(reportOn('/srv/app', [row('Go', 1_234_567, 0, 1), row('C', 1)])));
    expect(words).toEqual(
      expect.arrayContaining([
        'app',
        '1,234,569 lines · 2 files · 2 languages · 37 MB',
        'Go',
        '1,234,568',
        '100.0%',
        '&lt;0.1%',
      ]),
    );
  });

  test('draws code, comments and blanks to scale', () => {
    const svg = renderChart(reportOn('/srv/app', [row('Go', 500, 300, 200)]));
    const widths = ['code', 'comments', 'blanks'].map((kind) =>
      [...svg.matchAll(new RegExp(`<path class="${kind}" d="M[\\d.]+ [\\d.]+h([\\d.]+)`, 'g'))].map(
        ([, width]) => width,
      ),
    );
    // 510 units for 1,000 lines, less the gap between two, and the last without its corner
    expect(widths).toEqual([['253.5'], ['151.5'], ['98']]);
  });

  test('draws a bar for every language, however little there is of it', () => {
    for (const tiny of [row('C', 1), row('C', 3, 1, 1), row('C', 3, 3, 3), row('C', 0, 0, 1), row('C', 0)]) {
      const svg = renderChart(reportOn('/srv/app', [row('Go', 1_000), tiny]));
      expect(svg.match(/<path/g)).toHaveLength(2);
    }
  });

  test('has a text when there was nothing to count', () => {
    expect(wordsOf(renderChart(reportOn('/', [])))).toEqual(
      expect.arrayContaining(['/', '0 lines · 0 files · 0 languages · 0 B', 'There was nothing to count.']),
    );
  });

  test('has a description for screen readers', () => {
    const svg = renderChart(reportOn('/srv/app', [row('Go', 10), row('C', 1)]));
    expect(svg).toMatch(/^<svg [^>]*role="img" aria-labelledby="title-\S+ desc-\S+"/);
    expect(svg).toMatch(/<title [^>]*>Lines of code in app<\/title>/);
    expect(svg).toContain('Bar chart of 11 lines in 2 files by language: Go 10 (90.9%), C 1 (9.1%).');
  });

  test('contains no script, no link and no font from elsewhere', () => {
    const svg = renderChart(reportOn('/srv/app', languages(30))).replace('http://www.w3.org/2000/svg', '');
    expect(svg).not.toMatch(/<script|href|@import|@font-face|url\(|https?:/i);
  });

  test.each([
    ['markup', '/srv/</title><script>alert(1)</script>&amp;"\''],
    ['control characters', '/srv/a\u0001\u001B[31m\uFFFE\u000B'],
    ['half a surrogate pair', '/srv/a\uD800'],
    ['what a cut in the middle would break', `/srv/${'👩‍💻'.repeat(100)}`],
    ['a very long name', `/srv/${'W'.repeat(4_000)}`],
  ])('takes a directory name with %s', (_, directory) => {
    const svg = renderChart(reportOn(directory, languages(1)));
    expect(elementsOf(svg)).not.toContain('script');
    expect(svg.length).toBeLessThan(10_000);
  });

  test('does not contain the path of the directory', () => {
    expect(renderChart(reportOn('/home/somebody/secret/app', languages(1)))).not.toMatch(/somebody|secret/);
  });
});

test('text becomes XML text', () => {
  expect(xmlText(`<a b="c" d='e'>&amp;`)).toBe('&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;');
  expect(xmlText('a\u0000b\tc\uD83Dd👍')).toBe('a\uFFFDb\tc\uFFFDd👍');
});

test.each<[number, number[]]>([
  [0, [0, 1]],
  [1, [0, 1]],
  [3, [0, 1, 2, 3]],
  [10, [0, 2, 4, 6, 8, 10]],
  [11, [0, 5, 10, 15]],
  [525_094, [0, 200_000, 400_000, 600_000]],
  [1_000_000, [0, 200_000, 400_000, 600_000, 800_000, 1_000_000]],
])('the axis up to %i has %j', (largest, ticks) => {
  expect(axisTicks(largest)).toEqual(ticks);
});

test('eleven languages all fit, of twelve the last two share a row that adds up', () => {
  expect(chartRows(languages(11)).map(({ name }) => name)).toEqual(languages(11).map(({ name }) => name));
  const rows = chartRows(languages(12));
  expect(rows).toHaveLength(11);
  expect(rows.at(-1)).toMatchObject({
    name: '2 others',
    files: 2,
    code: 1_979,
    comments: 200,
    blanks: 100,
    lines: 2_279,
  });
});

test('numbers are written for people', () => {
  expect([0, 999, 1_234_567].map(formatCount)).toEqual(['0', '999', '1,234,567']);
  expect([0, 200_000, 1_500_000].map(formatCompact)).toEqual(['0', '200K', '1.5M']);
  expect([0, 1, 999, 1_000, 47_150_541, 9e20].map(formatBytes)).toEqual([
    '0 B',
    '1 B',
    '999 B',
    '1 kB',
    '47.2 MB',
    '900,000,000 TB',
  ]);
  expect([formatShare(0, 0), formatShare(0, 9), formatShare(1, 9_999), formatShare(9, 9)]).toEqual([
    '0.0%',
    '0.0%',
    '<0.1%',
    '100.0%',
  ]);
  expect([formatPlural(1, 'file'), formatPlural(2_000, 'file')]).toEqual(['1 file', '2,000 files']);
});
