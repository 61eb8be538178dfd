import { createHash } from 'node:crypto';
import { readdirSync, type Stats, statSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { appFile, appPackage } from '../supervisor/app-name.js';

/** Characters of a digest. 48 bits: that two builds look alike will not happen. */
const DIGEST_LENGTH = 8;

/**
 * The name of the release of an app that gives none: a digest of the version in its package.json, and of the size and the time of its entry
 * file and of the code beside that, so that an app with several entry files has one. All replicas of one image have the same, and each build
 * another. Whole seconds, because layers of images keep no more.
 *
 * @returns the version of the package alone, or `unknown`, where the file cannot be read. Never throws.
 */
export function appRelease(entry: string | undefined): string {
  const version = appPackage(entry)?.version || 'unknown';
  try {
    const built = JSON.stringify([version, ...codeBeside(appFile(entry ?? ''))]);
    return createHash('sha1').update(built).digest('base64url').slice(0, DIGEST_LENGTH);
  } catch {
    return version.replace(/[^\w.+-]/g, '-');
  }
}

/** Name, time and size of the files of a directory that are of the kind of one of them. */
function codeBeside(file: string): (readonly [name: string, seconds: number, size: number])[] {
  const [directory, kind] = [dirname(file), extname(file)];
  const names = readdirSync(directory).filter((name) => extname(name) === kind);
  return names.sort().flatMap((name) => {
    const stats = statsOf(join(directory, name));
    return stats?.isFile() ? [[name, Math.floor(stats.mtimeMs / 1_000), stats.size]] : [];
  });
}

/** Undefined of a link that leads nowhere. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
