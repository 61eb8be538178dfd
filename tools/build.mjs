/**
 * Builds the library and the sample app, for the other tools. As a command: `npm run build`.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from './generate.mjs';
import { ROOT, run } from './run.mjs';

const SOURCES = ['src', 'sample-app/src', 'sample-app/tsconfig.json', 'tsconfig.json', 'tsconfig.build.json'];
const BUILT = ['dist/index.js', 'sample-app/dist/main.js'];

/** Runs a program of a package with this very Node, quietly. */
export function runPackage(program, ...args) {
  return run(process.execPath, [join('node_modules', program), ...args]);
}

/** The library first: the app compiles against its declarations. */
export async function build() {
  await generate();
  await runPackage('@nestjs/cli/bin/nest.js', 'build', 'nestwork');
  const { buildPage } = await import('./page.mjs');
  await buildPage();
  await runPackage('@nestjs/cli/bin/nest.js', 'build', 'sample-app');
}

/** Builds when a source is newer than the build, or there is no build. */
export async function buildIfNeeded() {
  const built = BUILT.map((file) => join(ROOT, file));
  if (built.every(existsSync)) {
    const builtAt = Math.min(...built.map((file) => statSync(file).mtimeMs));
    if (SOURCES.every((source) => changedAt(join(ROOT, source)) <= builtAt)) return;
  }
  console.log('Building ...');
  await build();
}

/** When the newest file at or under a path changed. */
function changedAt(path) {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => changedAt(join(path, name))));
}
