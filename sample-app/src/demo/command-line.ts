import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { paint, say } from './terminal.js';

/** The file that `npx nestwork` runs. */
const NESTWORK = fileURLToPath(new URL('cli/main.js', import.meta.resolve('nestwork')));
const PLACE = { NESTWORK_REDIS_URL: process.env.REDIS_URL, NESTWORK_NAMESPACE: 'code-stats' };
/** done, or a check that has findings */
const EXPECTED = [0, 4];

/** Runs a command as an operator would, in a process that needs Redis alone, and shows what it writes. */
export async function operate(...args: readonly string[]): Promise<void> {
  say(`${paint('bold', `$ npx nestwork ${args.map(quoted).join(' ')}`)}`);
  const command = spawn(process.execPath, [NESTWORK, ...args], {
    env: { ...process.env, ...PLACE },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(command, 'exit')) as [number | null];
  if (!EXPECTED.includes(code ?? -1)) throw new Error(`nestwork ${args.join(' ')} ended with ${code}.`);
}

function quoted(word: string): string {
  return /^[\w./:=-]+$/.test(word) ? word : `'${word}'`;
}
