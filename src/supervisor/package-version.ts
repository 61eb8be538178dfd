import { readFileSync } from 'node:fs';

/** The version of this package; undefined where a bundler has moved its files. */
export function packageVersion(): string | undefined {
  try {
    const file = new URL('../../package.json', import.meta.url);
    const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    return name === 'nestwork' && typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}
