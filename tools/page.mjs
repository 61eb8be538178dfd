/**
 * Builds the page of the dashboard into dist/dashboard/assets, and checks how large it is. `npm run build` calls it.
 *
 *   node tools/page.mjs
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { minify } from '@swc/core';
import { build } from 'esbuild';
import { Failure, ROOT, runTool } from './run.mjs';

const SOURCE = join(ROOT, 'src/dashboard/page');
const TARGET = join(ROOT, 'dist/dashboard/assets');
/** The tab shows one of them, by the verdict. */
const ICONS = ['icon.svg', 'problem.svg', 'notice.svg'];
const FILES = ['index.html', 'main.js', 'style.css', ...ICONS];
/** Of all files together, compressed: more would be felt on a slow line. */
const MOST_BYTES = 50 * 1024;

/** @returns {Promise<number>} the size of all files, compressed, in bytes */
export async function buildPage() {
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
  for (const icon of ICONS) await cp(join(SOURCE, icon), join(TARGET, icon));
  await writeFile(join(TARGET, 'index.html'), await readFile(join(SOURCE, 'index.html')));
  const sizes = await Promise.all(FILES.map(async (file) => gzipSync(await readFile(join(TARGET, file))).length));
  const size = sizes.reduce((sum, bytes) => sum + bytes, 0);
  if (size <= MOST_BYTES) return size;
  throw new Failure(`The page of the dashboard takes ${size} bytes compressed, and may take ${MOST_BYTES}.`);
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
