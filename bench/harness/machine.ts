import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, release, totalmem, type } from 'node:os';

/** The machine and the versions of a measurement. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  /** name -> version */
  readonly versions: Readonly<Record<string, string>>;
}

const ROOT = new URL('../../..', import.meta.url).pathname;
const ours = createRequire(import.meta.url);
const peers = createRequire(new URL('../peers/', import.meta.url));

/** @param redis version of the server */
export function machine(redis: string): Machine {
  const [core] = cpus();
  return {
    cpu: core?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release().split('-')[0]}`,
    versions: {
      node: process.versions.node,
      redis,
      nestwork: versionOf(ours, 'nestwork'),
      '@nestjs/core': versionOf(ours, '@nestjs/core'),
      ioredis: versionOf(ours, 'ioredis'),
      bullmq: versionOf(peers, 'bullmq'),
      'bee-queue': versionOf(peers, 'bee-queue'),
    },
  };
}

/** The commit of the repository, with a `+` when files were changed since; empty where there is no git. */
export function commit(): string {
  try {
    const git = (...args: string[]): string => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
    const changed = git('status', '--porcelain', '--', 'src', 'bench/*.ts', 'package.json');
    return git('rev-parse', '--short=10', 'HEAD') + (changed ? '+' : '');
  } catch {
    return '';
  }
}

/** By the file, because not every package lets its package.json be imported. */
function versionOf(require: NodeJS.Require, name: string): string {
  const directory = require.resolve.paths(name)?.find((path) => readable(`${path}/${name}/package.json`));
  const file = name === 'nestwork' ? `${ROOT}/package.json` : `${directory}/${name}/package.json`;
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function readable(file: string): boolean {
  try {
    return readFileSync(file).length > 0;
  } catch {
    return false;
  }
}
