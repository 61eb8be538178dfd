/**
 * npm drops the optional packages of other platforms from a lock file that it writes beside a `node_modules`, and then
 * `npm ci` refuses that file, or installs no compiler on the other platform.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = new URL('../../', import.meta.url).pathname;
const LOCK_FILES = ['package-lock.json', 'bench/peers/package-lock.json', 'test/e2e/nest11/package-lock.json'];

interface LockedPackage {
  readonly resolved?: string;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

type Locked = Record<string, LockedPackage>;

function read(file: string): Locked {
  return (JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as { packages: Locked }).packages;
}

/** Whether Node would find the package from the place where another one lies. */
function finds(packages: Locked, place: string, name: string): boolean {
  if (packages[`${place ? `${place}/` : ''}node_modules/${name}`]) return true;
  if (!place) return false;
  return finds(packages, place.slice(0, place.lastIndexOf('node_modules/')).replace(/\/$/, ''), name);
}

describe.each(LOCK_FILES)('%s', (file) => {
  const packages = read(file);

  it('has an entry for every dependency, those of other platforms among them', () => {
    const missing = Object.entries(packages).flatMap(([place, { dependencies, optionalDependencies }]) =>
      Object.keys({ ...dependencies, ...optionalDependencies })
        .filter((name) => !finds(packages, place, name))
        .map((name) => `${place} -> ${name}`),
    );
    expect(missing).toEqual([]);
  });

  it('names no registry, so that it is the same behind a mirror', () => {
    expect(Object.keys(packages).filter((place) => packages[place]?.resolved)).toEqual([]);
  });
});
