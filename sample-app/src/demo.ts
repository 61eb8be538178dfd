import { once } from 'node:events';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { ManagedProcess } from './demo/managed-process.js';
import { runDemo } from './demo/run-demo.js';
import { paint, say } from './demo/terminal.js';

// The demo: starts the API and a worker, asks for a report over HTTP, shows it, and stops both, however it ends.
// It counts the installed packages, or your own code: npm run demo -- path/to/code
// With --stay it keeps running at the end, for a look at the dashboard, until Ctrl-C.
const TIME_LIMIT_MS = 120_000;

if (!process.env.REDIS_URL) {
  console.error('REDIS_URL is not set. Start the demo with `npm run demo`, which brings up a Redis of its own.');
  process.exit(1);
}

// npm runs scripts in the directory of the package, and INIT_CWD has the directory of the call
const args = process.argv.slice(2);
const stays = args.includes('--stay');
const path = args.find((argument) => argument !== '--stay');
const directory = path === undefined ? undefined : resolve(process.env.INIT_CWD ?? '', path);

const abort = new AbortController();
const timer = setTimeout(() => abort.abort(new Error('The demo took more than two minutes.')), TIME_LIMIT_MS);
let interruptedBy: NodeJS.Signals | undefined;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    interruptedBy = name;
    abort.abort(new Error(`Interrupted by ${name}.`));
  });
}

const environment = { PORT: '0', NO_COLOR: '1' };
const onEarlyEnd = (error: Error) => abort.abort(error);
const api = new ManagedProcess('API', 'main.js', environment, onEarlyEnd);
const worker = new ManagedProcess('worker', 'worker.js', environment, onEarlyEnd);
const processes = [worker, api];
process.once('exit', () => {
  for (const child of processes) child.kill();
});

try {
  const url = await runDemo({ api, worker, directory, signal: abort.signal });
  clearTimeout(timer);
  if (stays) await stay(`${url}/queues`);
} catch (error) {
  process.exitCode = interruptedBy ? 128 + constants.signals[interruptedBy] : 1;
  // an abort hides behind the call that was waiting
  const reason: unknown = abort.signal.aborted ? abort.signal.reason : error;
  say();
  say(paint('red', reason instanceof Error ? reason.message : String(reason)));
}
clearTimeout(timer);
await Promise.all(processes.map((child) => child.stop()));
if (process.exitCode && !interruptedBy) {
  for (const { name, output } of processes) {
    say();
    say(paint('bold', `Last output of the ${name}:`));
    for (const line of output.trimEnd().split('\n')) say(`│ ${line}`);
  }
  say();
}
say(paint('gray', 'API and worker are stopped; nothing is left running.'));
say();
process.exit();

/** Until it is interrupted, which is its end here and no failure. */
async function stay(address: string): Promise<void> {
  say(`Dashboard  ${paint('cyan', address)}  ${paint('gray', 'Ctrl-C ends the demo')}`);
  say();
  const { signal } = abort;
  if (!signal.aborted) await once(signal, 'abort');
  if (!interruptedBy) throw signal.reason;
}
