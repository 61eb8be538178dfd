import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = new URL('../../', import.meta.url).pathname;
const PAGES = [...pagesIn('.'), 'sample-app/README.md', ...pagesIn('docs'), ...pagesIn('docs/internals')];

function pagesIn(directory: string): string[] {
  return readdirSync(join(ROOT, directory)).flatMap((name) => (name.endsWith('.md') ? [join(directory, name)] : []));
}

/** The text without its code, in which brackets mean something else. */
function proseOf(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ' '));
}

/** The names by which the headings of a page are linked, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  const headings = text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#{1,6} (.+)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replace(/ /g, '-'),
  );
}

/** The missing targets of the links of a page. */
function brokenLinksOf(page: string, text: string): string[] {
  const links = [...proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const file = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
    if (!existsSync(file)) return true;
    return anchor !== undefined && !anchorsOf(readFileSync(file, 'utf8')).includes(anchor);
  });
}

describe('every link', () => {
  it.each(PAGES)('of %s leads somewhere', (page) => {
    expect(brokenLinksOf(page, readFileSync(join(ROOT, page), 'utf8'))).toEqual([]);
  });

  it('that leads nowhere is found', () => {
    const text = '[a](#no-heading) [b](docs/no-page.md) [c](docs/options.md#tls) [d](docs/options.md#lts) `[e](no)`';
    expect(brokenLinksOf('README.md', text)).toEqual(['#no-heading', 'docs/no-page.md', 'docs/options.md#lts']);
  });
});

describe('every file of the project', () => {
  const files = ['src', 'test'].flatMap((room) => readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' }));

  it.each(['docs/architecture.md', ...pagesIn('docs/internals')])('that %s names is there', (page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const named = [...text.matchAll(/`([\w/.-]+\.(?:ts|lua|mjs))`/g)].map(([, file = '']) => file);
    const paths = named.map((file) => file.replace(/^(?:src|test)\//, ''));
    expect(paths.filter((path) => !files.some((file) => `/${file}`.endsWith(`/${path}`)))).toEqual([]);
  });
});
