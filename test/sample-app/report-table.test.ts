import { reportTable, skippedLine, workLines } from '../../sample-app/src/demo/report-table.js';
import { reportOn, row } from './reports.js';

const report = {
  ...reportOn('/srv/app', [row('TypeScript', 1_234, 56, 7), row('Protocol Buffers', 1)]),
  skipped: { 'too large': { files: 1, examples: [] }, 'unknown language': { files: 2_520, examples: [] } },
  work: {
    tasks: 4,
    milliseconds: 500,
    tasksPerSecond: 8,
    children: [
      { pid: 4711, tasks: 3, files: 1, milliseconds: 300 },
      { pid: 4712, tasks: 1, files: 1, milliseconds: 60 },
    ],
  },
};

test('the table is aligned, and ends with the total', () => {
  expect(reportTable(report)).toEqual([
    'Language                Files       Code   Comments      Blank      Lines',
    '─'.repeat(73),
    'TypeScript                  1      1,234         56          7      1,297',
    'Protocol Buffers            1          1          0          0          1',
    '─'.repeat(73),
    'Total                       2      1,235         56          7      1,298',
  ]);
});

test('each child has its share', () => {
  expect(workLines(report)).toEqual([
    '4 tasks in 0.5 s: 8 tasks and 4 files a second',
    'child 4711    ███████████████░░░░░  3 tasks, 1 file, 0.3 s of work',
    'child 4712    █████░░░░░░░░░░░░░░░  1 task, 1 file, 0.1 s of work',
  ]);
});

test('an empty report divides by nothing', () => {
  expect(workLines(reportOn('/srv/app', []))).toEqual(['0 tasks in 0.0 s: 0 tasks and 0 files a second']);
});

test('skipped files are listed, the most frequent reason first', () => {
  expect(skippedLine(report)).toBe('Left out: unknown language 2,520 · too large 1');
  expect(skippedLine(reportOn('/srv/app', []))).toBe('Left out: nothing');
});
