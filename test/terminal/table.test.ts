import colors from 'picocolors';
import { type Column, drawTable } from '../../src/terminal/table.js';

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
});
