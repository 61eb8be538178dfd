/**
 * The sample app from a fresh clone, on a Redis of its own, leaving nothing behind.
 *
 *   npm run demo
 *   REDIS_URL=redis://... npm run demo
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { buildIfNeeded } from './build.mjs';
import { ROOT, runTool } from './run.mjs';
import { setup } from './setup.mjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

await runTool(async () => {
  await setup();
  await buildIfNeeded();
  if (process.env.REDIS_URL) return demo(process.env.REDIS_URL);
  const { startPrivateRedis } = await import('../dist/testing/index.js');
  const redis = await startPrivateRedis();
  try {
    return await demo(redis.url);
  } finally {
    await redis.stop();
  }
});

async function demo(url) {
  const child = spawn(process.execPath, ['sample-app/dist/demo.js', ...process.argv.slice(2)], {
    cwd: ROOT,
    env: { ...process.env, REDIS_URL: url, NESTWORK_DEMO: '1' },
    stdio: 'inherit',
    // a process group of its own: it hears of a Ctrl-C once, from us, and what it forked can be found in the end
    detached: true,
  });
  const forward = (signal) => child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, forward);
  const [code, signal] = await once(child, 'exit');
  endGroup(child.pid);
  for (const signal of SIGNALS) process.off(signal, forward);
  return code ?? 128 + constants.signals[signal];
}

/** A demo that crashed may have left processes; one that ended well has not. */
function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
