import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const ROOT = new URL('../../', import.meta.url).pathname;
const TYPEDOC = `${ROOT}node_modules/typedoc/bin/typedoc`;

/** The warnings of typedoc, with the settings of `npm run docs`; empty when there are none. */
async function logOnce(...args: string[]): Promise<string> {
  const command = [TYPEDOC, '--emit', 'none', '--logLevel', 'Warn', ...args];
  // it needs no server, so nothing of this environment but what Node itself takes
  const { NODE_OPTIONS: _, ...env } = process.env;
  const run = promisify(execFile)(process.execPath, command, { cwd: ROOT, env: { ...env, NO_COLOR: '1' } });
  return run.then(
    () => '',
    (error: { stdout: string; stderr: string }) => `${error.stdout}${error.stderr}`,
  );
}

describe('the API reference', () => {
  it('has a text for everything that is exported, and everything that it refers to', async () => {
    expect(await logOnce()).toBe('');
  });

  it('reports an export without a text', async () => {
    const everything = ['--requiredToBeDocumented', 'EnumMember'];
    expect(await logOnce(...everything)).toMatch(/CronExpression\.EVERY_SECOND.*does not have any documentation/);
  });
});
