/**
 * Installs the peers next to the compiled programs that use them, in build/bench/peers: neither the package nor the
 * repository depends on them.
 */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from '../../tools/run.mjs';

const SOURCE = join(ROOT, 'bench/peers');
const TARGET = join(ROOT, 'build/bench/peers');
/** They are measured with their clients for Redis alone: `legacy-peer-deps` leaves out those for other databases. */
const FLAGS = ['--no-save', '--ignore-scripts', '--legacy-peer-deps', '--no-audit', '--no-fund', '--loglevel=error'];

export async function installPeers() {
  if (areInstalled()) return;
  console.log('Installing the peers ...');
  mkdirSync(TARGET, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(SOURCE, file), join(TARGET, file));
  await run('npm', ['install', ...FLAGS], { cwd: TARGET });
}

/** Packages for other platforms are optional, and rightly missing. */
function areInstalled() {
  const wanted = packagesOf(join(SOURCE, 'package-lock.json'));
  const installed = packagesOf(join(TARGET, 'node_modules/.package-lock.json'));
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional || installed[path]?.version === version,
  );
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return {};
    throw error;
  }
}
