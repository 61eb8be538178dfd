/**
 * The whole suite from a fresh clone: setup, build, type check, Jest.
 *
 *   npm test
 *   npm test -- test/broker    further arguments are Jest's
 *   npm run test:quick         tests that need no build, in about a minute; takes further arguments, too
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build, runPackage } from './build.mjs';
import { generate } from './generate.mjs';
import { quickTests } from './quick-tests.mjs';
import { ROOT, runInForeground, runTool } from './run.mjs';
import { setup } from './setup.mjs';

/** The programs that process, chaos and browser tests start; they run as JavaScript. */
const FIXTURES = [
  'test/process/fixtures/tsconfig.json',
  'test/chaos/tsconfig.json',
  'test/browser/fixtures/tsconfig.json',
];
/** Tests that need PostgreSQL or MariaDB, by their path. */
const DATABASES = /outbox|inbox|database-servers/;
const RESULTS = join(ROOT, 'build/test-results.json');

await runTool(async () => {
  const args = process.argv.slice(2);
  const quick = args.includes('--quick');
  const found = await setup({
    ownServer: true,
    browser: concerns(args, /browser/),
    databases: concerns(args, DATABASES),
  });
  if (found.chromium) process.env.CHROMIUM_PATH = found.chromium;
  if (found.postgres) process.env.POSTGRES_PATH = found.postgres;
  if (found.mariadb) process.env.MARIADB_PATH = found.mariadb;
  await (quick ? generate() : buildAndCheckTypes());
  const code = await jest(quick ? [...quickTests(), ...args.filter((arg) => arg !== '--quick')] : args);
  console.log(summary());
  return code;
});

/** A browser and databases are large: a developer who asks for other tests gets none. */
function concerns(args, tests) {
  return args.length === 0 || args.some((arg) => tests.test(arg));
}

async function buildAndCheckTypes() {
  console.log('Building and checking types ...');
  await build();
  await Promise.all([
    ...FIXTURES.map((project) => existsSync(join(ROOT, project)) && runPackage('typescript/bin/tsc', '-p', project)),
    runPackage('typescript/bin/tsc', '--noEmit'),
    runPackage('typescript/bin/tsc', '-p', 'src/dashboard/page'),
    runPackage('typescript/bin/tsc', '-p', 'test/browser'),
  ]);
}

function jest(args) {
  rmSync(RESULTS, { force: true });
  mkdirSync(dirname(RESULTS), { recursive: true });
  // each test file starts a server of its own
  const { NODE_OPTIONS = '', REDIS_URL: _, ...env } = process.env;
  const options = [NODE_OPTIONS, '--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const command = ['node_modules/jest/bin/jest.js', '--json', `--outputFile=${RESULTS}`, ...args];
  // Jest reports on stderr; on stdout it only says where it wrote the results
  return runInForeground(command, { env: { ...env, NODE_OPTIONS: options.join(' ').trim() }, stdout: 'ignore' });
}

/** The last line, for those who read a log by machine. A file that could not even be run counts as failed. */
function summary() {
  if (!existsSync(RESULTS)) return '0 passed, 1 failed'; // Jest itself
  const results = JSON.parse(readFileSync(RESULTS, 'utf8'));
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  const skipped = results.numPendingTests + results.numTodoTests;
  return `${results.numPassedTests} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`;
}
