import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, ROOT, run } from '../run.mjs';
import { checkRun, INSTALL, write } from './app.mjs';
import { APP, SPEC } from './sources.mjs';

/** The line of docs/setup.md that Jest needs in a CommonJS project. */
const JEST_LINE = '"transformIgnorePatterns": ["node_modules/(?!(nestwork|devalue|croner)/)"]';
/** Packages that Nest requires only where they are installed. */
const OPTIONAL = ['@nestjs/microservices*', '@nestjs/websockets*', 'class-transformer', 'class-validator'];

/** Makes a project with the command line of Nest 11, adds nestwork as the documents say, and tests, builds and runs it. */
export async function checkScaffold({ tarball, env, directory }) {
  const shop = join(directory, 'shop');
  await write(directory, { 'package.json': '{ "private": true }' });
  await run('npm', [...INSTALL, '@nestjs/cli@^11'], { cwd: directory });
  await run('npx', ['nest', 'new', 'shop', '--skip-install', '--skip-git', '-p', 'npm'], { cwd: directory });
  // the scaffold's own TypeScript may be newer than what its other packages take
  await run('npm', [...INSTALL, tarball, 'esbuild', '@swc/core', '@swc/cli'], { cwd: shop });
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
  async 'nest build'({ directory, env, steps }) {
    await steps(['npx', 'nest', 'build']);
    await checkRun(directory, env, 'dist/send.js', 'dist/worker.js');
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

async function change(file, edit) {
  const text = await readFile(file, 'utf8');
  const edited = edit(text);
  if (edited === text) throw new Failure(`${file} is not as expected:\n${text}`);
  await write('/', { [file]: edited });
}
