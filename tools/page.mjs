/**
 * Builds the page of the dashboard into dist/dashboard/assets, and checks how large it is. `npm run build` calls it.
 *
 *   node tools/page.mjs
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import zopfli from '@gfx/zopfli';
import { minify } from '@swc/core';
import { build } from 'esbuild';
import { Failure, ROOT, runTool } from './run.mjs';

const SOURCE = join(ROOT, 'src/dashboard/page');
const TARGET = join(ROOT, 'dist/dashboard/assets');
/** Of all files together, compressed: more would be felt on a slow line. */
const MOST_BYTES = 45 * 1024;

/** @returns {Promise<number>} the size of all files, compressed as the dashboard sends them, in bytes */
export async function buildPage() {
  await rm(TARGET, { recursive: true, force: true });
  await mkdir(TARGET, { recursive: true });
  const files = { 'main.js': await script(), 'style.css': await built('style.css') };
  for (const name of ['index.html', 'icon.svg']) files[name] = await readFile(join(SOURCE, name));
  let size = 0;
  for (const [name, bytes] of Object.entries(files)) {
    const zipped = await zopfli.gzipAsync(bytes, {});
    await writeFile(join(TARGET, `${name}.gz`), zipped);
    size += zipped.length;
  }
  if (size <= MOST_BYTES) return size;
  throw new Failure(`The page of the dashboard takes ${size} bytes compressed, and may take ${MOST_BYTES}.`);
}

async function built(name, options) {
  const result = await build({
    entryPoints: [join(SOURCE, name)],
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
async function script() {
  const bundle = await built('main.tsx', {
    format: 'esm',
    jsx: 'transform',
    jsxFactory: 'h',
    jsxFragment: 'Fragment',
    inject: [join(SOURCE, 'h.ts')],
    // that of the page is for the compiler, which checks elements in another way
    tsconfigRaw: {},
  });
  const compress = { ecma: 2022, module: true, passes: 4, unsafe_arrows: true, pure_getters: true, keep_fargs: false };
  const options = { ecma: 2022, module: true, compress, mangle: { toplevel: true } };
  const { code } = await minify(Buffer.from(bundle).toString(), options);
  return Buffer.from(code);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runTool(async () => console.log(`The page takes ${await buildPage()} bytes, compressed.`));
}
