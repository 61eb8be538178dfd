/**
 * Packs the library and proves it in apps of others: an ESM and a CommonJS app on Nest 12, one on Nest 11, the project that
 * Nest 12's own command line makes, and that of Nest 11, with each of its builders and under tsx.
 *
 *   npm run check:package
 *   npm run check:package -- scaffold    those with this in their title
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure, run, runTool } from '../run.mjs';
import { setup } from '../setup.mjs';
import { checkApp } from './app.mjs';
import { checkEsmScaffold } from './esm-scaffold.mjs';
import { checkScaffold } from './scaffold.mjs';

const CHECKS = [
  { title: 'Nest 12, ES modules', check: (place) => checkApp({ ...place, nest: '12', type: 'module' }) },
  { title: 'Nest 12, CommonJS', check: (place) => checkApp({ ...place, nest: '12', type: 'commonjs' }) },
  { title: 'Nest 11, CommonJS', check: (place) => checkApp({ ...place, nest: '11', type: 'commonjs' }) },
  { title: 'Nest 12 scaffold', check: checkEsmScaffold },
  { title: 'Nest 11 scaffold', check: checkScaffold },
];

await runTool(async () => {
  const [wanted = ''] = process.argv.slice(2);
  await setup({ ownServer: true });
  const directory = await mkdtemp(join(tmpdir(), 'nestwork-package-'));
  try {
    await checkIn(
      directory,
      CHECKS.filter(({ title }) => title.includes(wanted)),
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

async function checkIn(directory, checks) {
  console.log('Packing ...');
  // its `prepack` builds
  const report = await run('npm', ['pack', '--pack-destination', directory, '--loglevel=error']);
  const tarball = join(directory, report.trim().split('\n').at(-1));
  const { RedisServer } = await import('../../dist/testing/index.js');
  const redis = await RedisServer.start();
  try {
    for (const [index, { title, check }] of checks.entries()) {
      const env = { REDIS_URL: redis.url, NAMESPACE: `app-${index}` };
      await check({ tarball, env, directory: join(directory, `app-${index}`) }).catch((error) => {
        throw error instanceof Failure ? new Failure(`${title}: ${error.message}`) : error;
      });
      console.log(`ok: ${title}`);
    }
  } finally {
    await redis.stop();
  }
}
