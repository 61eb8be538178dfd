import { mergeResults } from '../../sample-app/src/reports/merge-results.js';
import type { BatchResult } from '../../sample-app/src/reports/report.js';
import { resultOf } from './reports.js';

const request = { id: 'r', directory: '/d', requestedAt: '2026-01-01T00:00:00.000Z' };
const plan = { batches: [['a'], ['b'], ['c']], skipped: { 'too large': { files: 1, examples: ['big.js'] } } };
const merge = (results: readonly BatchResult[]) => mergeResults(request, plan, results);

const results = [
  resultOf('Go', 5),
  resultOf('Rust', 7, { pid: 2, startedAt: 1_005, finishedAt: 1_500 }),
  resultOf('Go', 6, { startedAt: 1_010, skipped: { binary: { files: 2, examples: ['x', 'y'] } } }),
];

test('merging adds up languages, skipped files and work', () => {
  expect(merge(results)).toEqual({
    ...request,
    total: { name: 'Total', files: 3, bytes: 180, code: 18, comments: 0, blanks: 0, lines: 18 },
    languages: [
      { name: 'Go', files: 2, bytes: 110, code: 11, comments: 0, blanks: 0, lines: 11 },
      { name: 'Rust', files: 1, bytes: 70, code: 7, comments: 0, blanks: 0, lines: 7 },
    ],
    skipped: { 'too large': { files: 1, examples: ['big.js'] }, binary: { files: 2, examples: ['x', 'y'] } },
    work: {
      tasks: 3,
      milliseconds: 500,
      tasksPerSecond: 6,
      children: [
        { pid: 1, tasks: 2, files: 2, milliseconds: 10 },
        { pid: 2, tasks: 1, files: 1, milliseconds: 495 },
      ],
    },
  });
});

test('the order of the results does not matter', () => {
  expect(merge([...results].reverse())).toEqual(merge(results));
});

test('merging does not change the merged results', () => {
  const before = JSON.stringify([plan, results]);
  merge(results);
  expect(JSON.stringify([plan, results])).toBe(before);
});

test('nothing makes an empty report', () => {
  const report = merge([]);
  expect(report.total).toEqual({ name: 'Total', files: 0, bytes: 0, code: 0, comments: 0, blanks: 0, lines: 0 });
  expect(report.work).toEqual({ tasks: 0, milliseconds: 0, tasksPerSecond: 0, children: [] });
});

test('a clock that was set back makes no negative rates', () => {
  const { work } = merge([resultOf('Go', 1, { startedAt: 5_000, finishedAt: 1_000 })]);
  expect(work.milliseconds).toBe(1);
  expect(work.tasksPerSecond).toBe(1_000);
});

test('languages with as many lines are in alphabetical order', () => {
  const names = merge([resultOf('Zig', 1), resultOf('C', 1)]).languages.map(({ name }) => name);
  expect(names).toEqual(['C', 'Zig']);
});
