import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ledger } from './harness/ledger.js';
import { type Deaths, judge, type Tally } from './harness/tally.js';

const SUPERVISOR = 1;
const FIRST = 11;
const SECOND = 12;

describe('the judge of extra starts', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'nestwork-tally-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** Notes of one task, in the order in which they were written: kind, child, time. */
  function judged(notes: readonly ['start' | 'finish', number, number][], deaths: Deaths): Tally {
    const path = join(directory, 'ledger');
    writeFileSync(path, notes.map(([kind, pid, at]) => `${kind} ${pid} ${SUPERVISOR} 1 ${at} task label\n`).join(''));
    const ledger = new Ledger(path);
    try {
      return judge(new Map([['task', 'label']]), new Set(), ledger, deaths);
    } finally {
      ledger.close();
    }
  }

  it('explains the next start by the end of the process, or of its supervisor', () => {
    const notes: ['start' | 'finish', number, number][] = [
      ['start', FIRST, 100],
      ['start', SECOND, 300],
      ['finish', SECOND, 310],
    ];
    expect(judged(notes, new Map([[FIRST, 200]])).unexplained).toEqual([]);
    expect(judged(notes, new Map([[SUPERVISOR, 200]])).unexplained).toEqual([]);
  });

  it('reports the next start when the process lives, or ended only later', () => {
    const notes: ['start' | 'finish', number, number][] = [
      ['start', FIRST, 100],
      ['finish', FIRST, 110],
      ['start', SECOND, 300],
    ];
    expect(judged(notes, new Map())).toMatchObject({ duplicates: 1, unexplained: [expect.stringContaining('task')] });
    expect(judged(notes, new Map([[FIRST, 400]])).unexplained).toHaveLength(1);
  });

  it('explains a start that a process notes late because it was frozen before the others had the task', () => {
    const notes: ['start' | 'finish', number, number][] = [
      ['start', FIRST, 300],
      ['finish', FIRST, 310],
      ['start', SECOND, 500],
    ];
    expect(judged(notes, new Map([[SECOND, 200]])).unexplained).toEqual([]);
  });

  it('explains it also when the time of the note is from before the freeze', () => {
    const notes: ['start' | 'finish', number, number][] = [
      ['start', FIRST, 300],
      ['finish', FIRST, 310],
      ['start', SECOND, 199],
    ];
    expect(judged(notes, new Map([[SECOND, 200]])).unexplained).toEqual([]);
  });

  it('reports a start by a process that was frozen only after the others had the task', () => {
    const notes: ['start' | 'finish', number, number][] = [
      ['start', FIRST, 100],
      ['finish', FIRST, 110],
      ['start', SECOND, 500],
    ];
    expect(judged(notes, new Map([[SECOND, 200]])).unexplained).toHaveLength(1);
  });

  it('reports two starts by others while a third process is frozen', () => {
    const notes: ['start' | 'finish', number, number][] = [
      ['start', FIRST, 300],
      ['finish', FIRST, 310],
      ['start', 13, 400],
      ['start', SECOND, 500],
    ];
    expect(judged(notes, new Map([[SECOND, 200]])).unexplained).toHaveLength(1);
  });
});
