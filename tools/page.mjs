/**
 * Builds the page of the dashboard into dist/dashboard/assets, and checks how large it is. `npm run build` calls it.
 *
 * A screen with a `later.tsx` has a file of its own, which is loaded when it is first opened. That file takes what it needs of the
 * page from the script of the page, which lends what `page/lent.ts` names.
 *
 *   node tools/page.mjs
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import zopfli from '@gfx/zopfli';
import { minify } from '@swc/core';
import { build } from 'esbuild';
import { Failure, ROOT, runTool } from './run.mjs';

const SOURCE = join(ROOT, 'src/dashboard/page');
const SCREENS = join(ROOT, 'src/dashboard/screens');
const TARGET = join(ROOT, 'dist/dashboard/assets');
/** Of all files that the page needs at first, compressed: more would be felt on a slow line. */
const MOST_BYTES = 45 * 1024;
/** Of each file that is loaded later, compressed. */
const MOST_LATER_BYTES = 5 * 1024;
/** Stands for the build in the name of a thing that is lent, until the script is known. */
const BUILD = 'the_build';

/** @returns {Promise<Record<string, number>>} the size of what is loaded at first (`page`), and of each file that is loaded later, in bytes as the dashboard sends them */
export async function buildPage() {
  await rm(TARGET, { recursive: true, force: true });
  await mkdir(TARGET, { recursive: true });
  const lent = await lentNames();
  const script = await mainScript(lent);
  const first = { 'main.js': script, 'style.css': await built(join(SOURCE, 'style.css')) };
  for (const name of ['index.html', 'icon.svg']) first[name] = await readFile(join(SOURCE, name));
  const sizes = { page: 0 };
  for (const [name, bytes] of Object.entries(first)) sizes.page += await written(name, bytes);
  assertSize('The page of the dashboard', sizes.page, MOST_BYTES);
  for (const folder of await readdir(SCREENS)) {
    const later = join(SCREENS, folder, 'later.tsx');
    if (!existsSync(later)) continue;
    const name = `${folder}.js`;
    sizes[name] = await written(name, await laterScript(later, named(lent, buildOf(script))));
    assertSize(`The file ${name} of the dashboard`, sizes[name], MOST_LATER_BYTES);
  }
  return sizes;
}

async function written(name, bytes) {
  const zipped = await zopfli.gzipAsync(Buffer.from(bytes), {});
  await writeFile(join(TARGET, `${name}.gz`), zipped);
  return zipped.length;
}

function assertSize(what, size, most) {
  if (size > most) throw new Failure(`${what} takes ${size} bytes compressed, and may take ${most}.`);
}

async function built(entry, options) {
  const from = typeof entry === 'string' ? { entryPoints: [entry] } : { stdin: entry };
  const result = await build({
    ...from,
    bundle: true,
    minify: true,
    target: 'es2022',
    legalComments: 'inline',
    logLevel: 'warning',
    write: false,
    ...options,
  });
  return result.outputFiles[0].contents;
}

/** What esbuild leaves is made smaller: it looks at each function once, and at none through another. */
async function script(entry, plugin) {
  const bundle = await built(entry, {
    format: 'esm',
    jsx: 'transform',
    jsxFactory: 'h',
    jsxFragment: 'Fragment',
    inject: [join(SOURCE, 'h.ts')],
    // that of the page is for the compiler, which checks elements in another way
    tsconfigRaw: {},
    plugins: [plugin],
  });
  const compress = { ecma: 2022, module: true, passes: 4, unsafe_arrows: true, pure_getters: true, keep_fargs: false };
  const options = { ecma: 2022, module: true, compress, mangle: { toplevel: true } };
  const { code } = await minify(Buffer.from(bundle).toString(), options);
  return code;
}

async function lentNames() {
  const entryPoints = [join(SOURCE, 'lent.ts')];
  const { metafile } = await build({ entryPoints, format: 'esm', write: false, metafile: true });
  const { exports } = Object.values(metafile.outputs)[0];
  return exports.sort();
}

/**
 * Short names for what is lent. The first has the build in it: a file of another version, after an update of the app, must fail to
 * load, because the names mean other things there.
 */
function named(lent, build) {
  return lent.map((name, at) => [name, at === 0 ? build : `_${at.toString(36)}`]);
}

async function mainScript(lent) {
  const pairs = named(lent, BUILD).map(([name, short]) => `${name} as ${short}`);
  const contents = `import './main.tsx'; export { ${pairs.join(', ')} } from './lent.ts';`;
  const plugin = {
    name: 'files that are loaded later',
    setup({ onResolve }) {
      onResolve({ filter: /\/later\.js$/ }, ({ kind, path, resolveDir }) => {
        if (kind !== 'dynamic-import') return undefined;
        return { path: `./${basename(dirname(resolve(resolveDir, path)))}.js`, external: true };
      });
    },
  };
  const code = await script({ contents, resolveDir: SOURCE, loader: 'ts' }, plugin);
  return code.replace(BUILD, `v${createHash('sha256').update(code).digest('hex').slice(0, 8)}`);
}

function buildOf(script) {
  return /\bas (v[0-9a-f]{8})\b/.exec(script)[1];
}

/** Preact and the files of the page come from the script of the page: a second copy would have other cells and other hooks. */
async function laterScript(file, names) {
  const plugin = {
    name: 'what the page lends',
    setup({ onResolve, onLoad }) {
      const lent = { path: 'lent', namespace: 'lent' };
      onResolve({ filter: /^preact(\/hooks)?$/ }, () => lent);
      onResolve({ filter: /^\.\.?\// }, ({ kind, path, resolveDir }) => {
        const isOfPage = resolve(resolveDir, path).startsWith(SOURCE + sep);
        return kind === 'import-statement' && isOfPage ? lent : undefined;
      });
      onResolve({ filter: /^\.\/main\.js$/ }, ({ namespace, path }) =>
        namespace === 'lent' ? { path, external: true } : undefined,
      );
      onLoad({ filter: /^lent$/, namespace: 'lent' }, () => {
        const pairs = names.map(([name, short]) => `${short} as ${name}`);
        return { contents: `export { ${pairs.join(', ')} } from './main.js';` };
      });
      onLoad({ filter: /\.css$/ }, async ({ path }) => ({
        contents: Buffer.from(await built(path)).toString(),
        loader: 'text',
      }));
    },
  };
  return script(file, plugin);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runTool(async () => {
    const { page, ...later } = await buildPage();
    console.log(`The page takes ${page} bytes, compressed.`);
    for (const [name, size] of Object.entries(later)) console.log(`${name}, loaded later: ${size} bytes.`);
  });
}
