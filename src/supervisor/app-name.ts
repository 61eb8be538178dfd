import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';

/** Characters; npm takes no longer name. */
const MOST_NAME = 214;
const MOST_VERSION = 64;
const PACKAGES = `${sep}node_modules${sep}`;
/** The files with which PM2 starts Node, in its fork mode and in its cluster mode. */
const PM2_CONTAINER = /[\\/]pm2[\\/]lib[\\/]ProcessContainer(?:Fork)?\.js$/;

/** The package of an app. */
export interface AppPackage {
  readonly name: string;
  readonly version: string | undefined;
}

/**
 * The package of an app, by its name: that in the nearest package.json at or above its entry file. One without a name, such as
 * `{ "type": "commonjs" }` beside compiled files, is passed over, and so are packages that are installed: they are launchers.
 * Above PM2, which is mostly installed for the whole machine, there is no package.json of the app; it names its script.
 *
 * @returns undefined when there is none, or none that can be read. Never throws.
 */
export function appPackage(entry: string | undefined, environment = process.env): AppPackage | undefined {
  if (entry === undefined) return undefined;
  for (let at = realPath(scriptOf(entry, environment)); ; at = dirname(at)) {
    const found = at.includes(PACKAGES) ? undefined : packageIn(at);
    if (found !== undefined || at === dirname(at)) return found;
  }
}

/**
 * The file of an app that Node runs, without symbolic links: also where its entry has no extension, as in `node dist/main`, or is a directory, and
 * under PM2.
 *
 * @throws Error where there is none
 */
export function appFile(entry: string, environment = process.env): string {
  const file = scriptOf(entry, environment);
  // it finds files as Node does, also those of a loader such as ts-node
  return realpathSync(createRequire(file).resolve(file));
}

function scriptOf(entry: string, { pm_exec_path: script }: NodeJS.ProcessEnv): string {
  return script !== undefined && PM2_CONTAINER.test(entry) ? script : entry;
}

/** Node finds an entry without its extension as well, where no file of that name is. */
function realPath(entry: string): string {
  for (const path of [entry, dirname(entry)]) {
    try {
      return realpathSync(path);
    } catch {
      // the next one
    }
  }
  return entry;
}

function packageIn(directory: string): AppPackage | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    if (typeof name !== 'string' || name === '') return undefined;
    return {
      name: name.slice(0, MOST_NAME),
      version: typeof version === 'string' ? version.slice(0, MOST_VERSION) : undefined,
    };
  } catch {
    return undefined;
  }
}
