import colors from 'picocolors';
import { type Column, drawTable, exact, timeSpan } from '../../src/terminal/table.js';

const paint = colors.createColors(false);
const ROWS = [{ name: 'ReportTasks.sendWeekly', count: 1_234, id: 'abcdefghij' }];
const COLUMNS: Column<(typeof ROWS)[number]>[] = [
  { title: 'NAME', of: ({ name }) => name, shrinks: 12 },
  { title: 'COUNT', of: ({ count }) => count, align: 'right', dispensable: 1 },
  { title: 'ID', of: ({ id }) => id, dispensable: 2 },
];

describe('drawTable', () => {
  it.each([
    [41, ['NAME                    COUNT  ID', 'ReportTasks.sendWeekly  1,234  abcdefghij']],
    [35, ['NAME              COUNT  ID', 'ReportTasks.sen…  1,234  abcdefghij']],
    [30, ['NAME                    COUNT', 'ReportTasks.sendWeekly  1,234']],
    [20, ['NAME           COUNT', 'ReportTasks.…  1,234']],
    [15, ['NAME', 'ReportTasks.se…']],
  ])('shrinks and leaves out columns in %i', (width, lines) => {
    expect(drawTable(ROWS, COLUMNS, { width, paint }).split('\n')).toEqual(lines);
  });

  it.each([
    ['three short words', ['TEXT', 'three', 'short', 'words']],
    ['many more words than a cell may have', ['TEXT', 'many more', 'words than', 'a cell ma…']],
    ['unbreakablestring', ['TEXT', 'unbreakabl', 'estring']],
  ])('breaks %j between words, into at most so many lines', (text, lines) => {
    const column: Column<string> = { title: 'TEXT', of: (row) => row, shrinks: true, lines: 3 };
    expect(drawTable([text], [column], { width: 10, paint }).split('\n')).toEqual(lines);
  });

  it('writes a length of time in words, and for a program in milliseconds', () => {
    const column: Column<number> = { title: 'FOR', of: timeSpan };
    expect(drawTable([61_000, 0, -5], [column], { width: 10, paint }).split('\n')).toEqual(['FOR', '1m 1s', '-', '-']);
    expect([61_000.4, 0, -5].map((ms) => exact(column, ms))).toEqual(['61000', '0', '0']);
  });
});
