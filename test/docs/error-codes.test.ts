import { readFileSync } from 'node:fs';
import { ErrorPage } from '../support/error-page.js';

const ERRORS = new URL('../../src/errors.ts', import.meta.url).pathname;
/** What a dead task may have besides: no error of nestwork, so no member of `ErrorCode`. */
const OF_DEAD_TASKS = ['CRASHED', 'TASK_FAILED'];

function codesInSource(): string[] {
  const [, union = ''] = /export type ErrorCode =([^;]*);/.exec(readFileSync(ERRORS, 'utf8')) ?? [];
  return [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code = '']) => code);
}

describe('docs/errors.md', () => {
  const page = new ErrorPage();

  it('has an entry for each code, and no other', () => {
    expect(codesInSource().length).toBeGreaterThan(30);
    expect(page.codes().sort()).toEqual([...codesInSource(), ...OF_DEAD_TASKS].sort());
  });

  it.each(page.codes())('says of %s what happened, where, and what to do, with an example', (code) => {
    const entry = page.section(`\`${code}\``);
    expect(entry).toMatch(/^> .+$/m);
    expect(entry).toMatch(/^- \*\*Where:\*\* .+$/m);
    expect(entry).toMatch(/^- \*\*What to do:\*\* .+$/m);
  });
});
