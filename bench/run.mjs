/**
 * Measures nestwork beside its peers: docs/performance.md explains the figures.
 *
 *   npm run bench                        everything; about twenty minutes; writes bench/results.md and the chart
 *   npm run bench -- --quick             the figures of every day, in a minute or so; writes nothing
 *   npm run bench -- --only throughput   one figure; may be given more than once; writes nothing
 *   npm run bench -- --only idle --write the same, and replaces this figure in bench/results.md
 *   npm run bench -- --profile DIRECTORY also writes CPU profiles there, for speedscope or Chrome; the figures suffer
 */
import { buildIfNeeded, runPackage } from '../tools/build.mjs';
import { runInForeground, runTool } from '../tools/run.mjs';
import { setup } from '../tools/setup.mjs';
import { installPeers } from './peers/install.mjs';

await runTool(async () => {
  await setup({ ownServer: true });
  await buildIfNeeded();
  await runPackage('typescript/bin/tsc', '-p', 'bench/tsconfig.json');
  await installPeers();
  // as for a user's worker, with any setting of this shell
  const { REDIS_URL: _, NODE_OPTIONS: __, ...env } = process.env;
  return runInForeground(['build/bench/run.js', ...process.argv.slice(2)], { env });
});
