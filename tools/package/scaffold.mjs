import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, ROOT, run } from '../run.mjs';
import { checkRun, write } from './app.mjs';
import { change, newProject, withTasks } from './project.mjs';
import { APP, SPEC } from './sources.mjs';

/** The line of docs/setup.md that Jest needs in a CommonJS project. */
const JEST_LINE = '"transformIgnorePatterns": ["node_modules/(?!(nestwork|devalue|croner)/)"]';
/** Packages that Nest requires only where they are installed. */
const OPTIONAL = ['@nestjs/microservices*', '@nestjs/websockets*', 'class-transformer', 'class-validator'];

/** Makes a project with the command line of Nest 11, adds nestwork as the documents say, and tests, builds and runs it. */
export async function checkScaffold({ tarball, env, directory }) {
  const shop = await newProject(directory, '11', [tarball, 'esbuild', 'tsx', '@swc/core', '@swc/cli']);
  await write(shop, prefixed('src/', { ...APP, 'app.spec.ts': SPEC }));
  const project = { directory: shop, env, steps: (...steps) => inOrder(shop, steps) };
  for (const [title, check] of Object.entries(BUILDS)) {
    await check(project).catch((error) => {
      throw error instanceof Failure ? new Failure(`${title}: ${error.message}`) : error;
    });
    console.log(`ok: Nest 11 scaffold, ${title}`);
  }
}

const BUILDS = {
  async 'npm test'({ directory, steps }) {
    const page = await readFile(join(ROOT, 'docs/setup.md'), 'utf8');
    if (!page.includes(JEST_LINE)) throw new Failure('docs/setup.md does not have the line that this check adds');
    await change(join(directory, 'package.json'), (text) => text.replace('"jest": {', `"jest": { ${JEST_LINE},`));
    await steps(['npm', 'test']);
  },
  async 'npm run test:e2e'({ directory, env }) {
    const page = await readFile(join(ROOT, 'docs/setup.md'), 'utf8');
    if (!page.includes('test/jest-e2e.json')) throw new Failure('docs/setup.md does not name test/jest-e2e.json');
    await change(join(directory, 'test/jest-e2e.json'), (text) => text.replace('{', `{ ${JEST_LINE},`));
    // the test of the scaffold boots its module, which is given nestwork as the README says
    await change(join(directory, 'src/app.module.ts'), (text) => withTasks(text, './app'));
    await run('npm', ['run', 'test:e2e'], { cwd: directory, env });
  },
  async 'nest build'({ directory, env, steps }) {
    await steps(['npx', 'nest', 'build']);
    await checkRun(directory, env, 'dist/send.js', 'dist/worker.js');
  },
  async tsx({ directory, env }) {
    // it writes no types of constructors
    const named = APP['app.ts'].replace(/private readonly (?:phrases|context): (\w+)/g, '@Inject($1) $&');
    const app = named.replace('{ Injectable,', '{ Inject, Injectable,');
    await write(directory, prefixed('plain/', { ...APP, 'app.ts': app }));
    await checkRun(directory, { ...env, NODE_OPTIONS: '--import tsx' }, 'plain/send.ts', 'plain/worker.ts');
    await rm(join(directory, 'plain'), { recursive: true });
  },
  async esbuild({ directory, env, steps }) {
    const external = OPTIONAL.map((name) => `--external:${name}`);
    const files = ['dist/send.js', 'dist/worker.js', '--bundle', '--minify', '--keep-names', '--outdir=bundle'];
    await steps(['npx', 'esbuild', ...files, '--platform=node', '--target=node20', '--log-level=error', ...external]);
    await checkRun(directory, env, 'bundle/send.js', 'bundle/worker.js');
  },
  async 'nest build --builder swc'({ directory, env, steps }) {
    await rm(join(directory, 'dist'), { recursive: true });
    await steps(['npx', 'nest', 'build', '--builder', 'swc']);
    await checkRun(directory, env, 'dist/send.js', 'dist/worker.js');
  },
  async '"module": "commonjs"'({ directory, steps }) {
    const compilerOptions = { module: 'commonjs', moduleResolution: 'node10', skipLibCheck: false, noEmit: true };
    const tsconfig = {
      extends: './tsconfig.json',
      compilerOptions: { ...compilerOptions, incremental: false, resolvePackageJsonExports: null },
    };
    await write(directory, { 'tsconfig.commonjs.json': JSON.stringify({ ...tsconfig, include: ['src'] }) });
    await steps(['npx', 'tsc', '-p', 'tsconfig.commonjs.json']);
  },
  async 'webpack monorepo'({ directory, env, steps }) {
    await steps(['npx', 'nest', 'generate', 'app', 'jobs']);
    const main = APP['worker.ts'].replace('./app.js', '../../shop/src/app');
    await write(directory, { 'apps/jobs/src/main.ts': main });
    await change(join(directory, 'apps/shop/src/send.ts'), (text) => text.replace('./app.js', './app'));
    await change(join(directory, 'nest-cli.json'), (text) =>
      text.replace(/"entryFile": "main",(?=[^}]*apps\/shop)/, '"entryFile": "send",'),
    );
    await steps(['npx', 'nest', 'build', 'shop'], ['npx', 'nest', 'build', 'jobs']);
    await checkRun(directory, env, 'dist/apps/shop/send.js', 'dist/apps/jobs/main.js');
  },
};

async function inOrder(cwd, steps) {
  for (const [command, ...args] of steps) await run(command, args, { cwd });
}

function prefixed(prefix, files) {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${prefix}${name}`, text]));
}
