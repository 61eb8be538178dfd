import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ErrorPage } from '../support/error-page.js';

const GENERATE = fileURLToPath(new URL('../../tools/generate.mjs', import.meta.url));

describe('docs/errors.md', () => {
  const page = new ErrorPage();

  it('is up to date with src/error-codes.ts; if not, run npm run generate', async () => {
    await promisify(execFile)(process.execPath, [GENERATE, '--check']);
  });

  it('has an entry for each code of a dead task that is not thrown by nestwork', () => {
    expect(page.codes()).toEqual(expect.arrayContaining(['CRASHED', 'TASK_FAILED']));
  });

  it.each(page.codes())('has an example of the message of %s, and a remedy', (code) => {
    const entry = page.section(`\`${code}\``);
    expect(entry).toMatch(/^> .+$/m);
    expect(entry).toMatch(/^\*\*Remedy:\*\* .+$/m);
  });
});
