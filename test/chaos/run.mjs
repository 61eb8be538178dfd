/**
 * Breaks everything that can break, and counts lost tasks: docs/guarantees.md explains the figures.
 *
 *   npm run chaos                          all scenarios; takes about half an hour
 *   npm run chaos -- --short               the versions that run inside `npm test`
 *   npm run chaos -- --only lost-replies   one of them; may be given more than once
 *   npm run chaos -- --seed 7              the random choices of an earlier run
 */
import { buildIfNeeded, runPackage } from '../../tools/build.mjs';
import { runInForeground, runTool } from '../../tools/run.mjs';
import { setup } from '../../tools/setup.mjs';

await runTool(async () => {
  const { postgres, mariadb } = await setup({ ownServer: true, databases: true });
  if (postgres) process.env.POSTGRES_PATH = postgres;
  if (mariadb) process.env.MARIADB_PATH = mariadb;
  await buildIfNeeded();
  await runPackage('typescript/bin/tsc', '-p', 'test/chaos/tsconfig.json');
  const { REDIS_URL: _, ...env } = process.env;
  return runInForeground(['build/chaos/run.js', ...process.argv.slice(2)], { env });
});
