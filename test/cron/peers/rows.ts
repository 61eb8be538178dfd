import { readFileSync } from 'node:fs';
import { instantsOf } from '../../../src/cron/cron-schedule.js';

/** A test of one row of a page. */
export type Cases = Readonly<Record<string, () => unknown>>;

/** The left cells of the first table under a heading of a page. */
export function rowsOf(page: string, heading: string): string[] {
  const text = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8');
  const [, section = ''] = text.split(`# ${heading}\n`);
  const lines = section.slice(section.indexOf('\n|') + 1).split('\n');
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(2, end).map((line) => line.replace(/^\| (.*?) \| .*$/, '$1'));
}

/** Runs the case of each row; a row without a case fails, and so does a case whose row is gone. */
export function testRows(page: string, heading: string, cases: Cases): void {
  const rows = rowsOf(page, heading);

  it(`the table "${heading}" of ${page} has rows, and all cases have theirs`, () => {
    expect(rows.length).toBeGreaterThan(3);
    expect(Object.keys(cases).filter((row) => !rows.includes(row))).toEqual([]);
  });

  it.each(rows)('%s', async (row) => {
    const test = cases[row];
    if (!test) throw new Error(`The row "${row}" of docs/${page} has no case here.`);
    expect.hasAssertions();
    await test();
  });
}

/** So many times of an expression after a moment, to the minute, in UTC. */
export function due(expression: string, after: string, count: number, timeZone = 'UTC'): string[] {
  const instants = instantsOf({ expression, timeZone }, 'a test');
  const found: string[] = [];
  for (let at = instants.next(Date.parse(after)); at !== undefined && found.length < count; at = instants.next(at)) {
    found.push(new Date(at).toISOString().replace(/:00\.000Z$/, 'Z'));
  }
  return found;
}
