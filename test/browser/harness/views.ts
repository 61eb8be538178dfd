import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Visit } from './browser.js';

const SCREENS = fileURLToPath(new URL('../../../src/dashboard/screens', import.meta.url));

/** The names of all screens, as their addresses have them: those that come later are in it by themselves. */
export function screenNames(): string[] {
  return readdirSync(SCREENS).flatMap((directory) => {
    try {
      const source = readFileSync(join(SCREENS, directory, 'index.tsx'), 'utf8');
      return [...source.matchAll(/\bname: '([\w-]+)',\s+title:/g)].map(([, name = '']) => name);
    } catch {
      return []; // a folder without a screen of its own
    }
  });
}

/** The name of the screen that an address shows. */
export function screenOf(hash: string): string {
  return hash.split(/[/?]/)[2] ?? '';
}

/** The name of a view: its screen, and whether it has an argument. */
export function viewOf(hash: string): string {
  const [, , screen = '', arg] = hash.split('?')[0]?.split('/') ?? [];
  return `${screen}${arg === undefined ? '' : '/…'}`;
}

/** The kind of a view: its name, and which filters it has. */
export function kindOf(hash: string): string {
  const filters = [...new URLSearchParams(hash.split('?')[1]).keys()].sort().join('&');
  return `${viewOf(hash)}${filters && `?${filters}`}`;
}

/** The addresses that a view leads to. */
export function linksOf({ page }: Visit): Promise<string[]> {
  return page.locator('a[href^="#/"]').evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''));
}

/**
 * Follows links from the first view on, until it has been at one view of each kind.
 *
 * @param look at a view that is shown
 * @param sort how views are told apart: `viewOf` takes those that differ only in their filters for one
 * @returns the address of a view of each kind, by kind
 */
export async function crawl(
  visit: Visit,
  look: (kind: string) => Promise<void> = async () => {},
  sort: (hash: string) => string = kindOf,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  await visit.ready();
  const waiting = await linksOf(visit);
  for (let hash = waiting.shift(); hash !== undefined; hash = waiting.shift()) {
    const kind = sort(hash);
    if (found.has(kind)) continue;
    found.set(kind, hash);
    await visit.show(hash);
    await look(kind);
    waiting.push(...(await linksOf(visit)));
  }
  return found;
}
