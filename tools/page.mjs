/**
 * Builds the page of the dashboard into dist/dashboard/assets, and checks how large it is. `npm run build` calls it.
 *
 *   node tools/page.mjs
 */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';
import { minify } from '@swc/core';
import { build } from 'esbuild';
import { Failure, ROOT, runTool } from './run.mjs';

const SOURCE = join(ROOT, 'src/dashboard/page');
const TARGET = join(ROOT, 'dist/dashboard/assets');
const AS_THEY_ARE = ['index.html', 'icon.svg'];
const FILES = [...AS_THEY_ARE, 'main.js', 'style.css'];
/** Of all files together, compressed: more would be felt on a slow line. */
const MOST_BYTES = 45 * 1024;

/** @returns {Promise<number>} the size of all files, compressed, in bytes */
export async function buildPage() {
  await rm(TARGET, { recursive: true, force: true });
  await mkdir(TARGET, { recursive: true });
  const options = { bundle: true, minify: true, target: 'es2022', legalComments: 'inline', logLevel: 'warning' };
  await build({
    ...options,
    entryPoints: [join(SOURCE, 'main.tsx')],
    outfile: join(TARGET, 'main.js'),
    format: 'esm',
    jsx: 'transform',
    jsxFactory: 'h',
    jsxFragment: 'Fragment',
    inject: [join(SOURCE, 'h.ts')],
    // that of the page is for the compiler, which checks elements in another way
    tsconfigRaw: {},
  });
  await writeFile(join(TARGET, 'main.js'), await smaller(await readFile(join(TARGET, 'main.js'), 'utf8')));
  await build({ ...options, entryPoints: [join(SOURCE, 'style.css')], outfile: join(TARGET, 'style.css') });
  for (const file of AS_THEY_ARE) await cp(join(SOURCE, file), join(TARGET, file));
  const sizes = await Promise.all(FILES.map(async (file) => zipped(await readFile(join(TARGET, file)))));
  const size = sizes.reduce((sum, bytes) => sum + bytes, 0);
  if (size <= MOST_BYTES) return size;
  throw new Failure(`The page of the dashboard takes ${size} bytes compressed, and may take ${MOST_BYTES}.`);
}

/** As the dashboard sends it. */
function zipped(bytes) {
  return gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }).length;
}

/** What esbuild leaves: it looks at each function once, and at none through another. */
async function smaller(script) {
  const compress = { ecma: 2022, module: true, passes: 4, unsafe_arrows: true, pure_getters: true, keep_fargs: false };
  const { code } = await minify(script, { ecma: 2022, module: true, compress, mangle: { toplevel: true } });
  return code;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runTool(async () => console.log(`The page takes ${await buildPage()} bytes, compressed.`));
}
