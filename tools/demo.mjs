/**
 * The sample app from a fresh clone, on a Redis of its own, leaving nothing behind.
 *
 *   npm run demo
 *   npm run demo -- --stay    until Ctrl-C, for a look at the dashboard
 *   REDIS_URL=redis://... npm run demo
 */
import { buildIfNeeded } from './build.mjs';
import { runInForeground, runTool } from './run.mjs';
import { setup } from './setup.mjs';

await runTool(async () => {
  await setup();
  await buildIfNeeded();
  if (process.env.REDIS_URL) return demo(process.env.REDIS_URL);
  const { RedisServer } = await import('../dist/testing/index.js');
  const redis = await RedisServer.start();
  try {
    return await demo(redis.url);
  } finally {
    await redis.stop();
  }
});

function demo(url) {
  const env = { ...process.env, REDIS_URL: url, NESTWORK_DEMO: '1' };
  return runInForeground(['sample-app/dist/demo.js', ...process.argv.slice(2)], { env });
}
