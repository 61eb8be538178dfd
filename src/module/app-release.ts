import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { appFile, appPackage } from '../supervisor/app-name.js';

/** Characters of a digest. 48 bits: that two builds look alike will not happen. */
const DIGEST_LENGTH = 8;

/**
 * The name of the release of an app that gives none: a digest of the version in its package.json, and of the size and the time of its entry
 * file. All replicas of one image have the same, and each build another. Whole seconds, because layers of images keep no more.
 *
 * @returns the version of the package alone, or `unknown`, where the file cannot be read. Never throws.
 */
export function appRelease(entry: string | undefined): string {
  const version = appPackage(entry)?.version || 'unknown';
  try {
    const { mtimeMs, size } = statSync(appFile(entry ?? ''));
    const built = `${version} ${Math.floor(mtimeMs / 1_000)} ${size}`;
    return createHash('sha1').update(built).digest('base64url').slice(0, DIGEST_LENGTH);
  } catch {
    return version.replace(/[^\w.+-]/g, '-');
  }
}
