/** Every view of the dashboard in a real browser. Views are found by following links, so that new ones are looked at, too. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { inBrowser, scene } from './harness/in-browser.js';
import { PLATFORMS } from './harness/shop.js';
import { crawl, kindOf, screenNames, viewOf } from './harness/views.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WIDTHS = [360, 600, 768, 1024, 1280, 1440, 1900];
interface Axe {
  run(
    where: Document,
    options: object,
  ): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
}

inBrowser('the dashboard in a browser', () => {
  const { arrive } = scene();
  /** an address of each kind of view */
  const views = new Map<string, string>();
  /** whether no view before differs from it only in its filters */
  const isFirst = (hash: string): boolean => [...views.values()].find((each) => viewOf(each) === viewOf(hash)) === hash;

  it.each(PLATFORMS)('shows every view on %s without a fault, and no screen is left out', async (platform) => {
    const here = await arrive(platform);
    const odd: string[] = [];
    const look = async (kind: string): Promise<void> => {
      const text = (await here.page.locator('body').textContent()) ?? '';
      // the form to send a task shows how to write `undefined`
      const words = /(?<!\$)\b(undefined|NaN|null|Invalid Date|\[object \w+\])\b.*/.exec(text);
      if (words) odd.push(`${kind}: ${words[0]}`);
    };
    // the page is the same on both: the filters are looked at on one
    const found = await crawl(here, look, views.size === 0 ? kindOf : viewOf);
    expect(odd).toEqual([]);
    expect(here.faults.take()).toEqual([]);
    expect([...found.keys()].map((kind) => kind.split(/[/?]/)[0])).toEqual(expect.arrayContaining(screenNames()));
    if (views.size === 0) for (const [kind, hash] of found) views.set(kind, hash);
  });

  it('opens every view by its address alone', async () => {
    const here = await arrive();
    const faults: string[] = [];
    for (const [kind, hash] of views) {
      if (!isFirst(hash) && !kind.includes('&')) continue;
      await here.page.goto('about:blank');
      await here.page.goto(here.url + hash);
      await here.ready();
      const title = await here.page.title();
      if (!title || !(await here.page.locator('main').textContent())?.trim()) faults.push(kind);
    }
    expect([...faults, ...here.faults.take()]).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('has nothing that axe finds, in %s, wide and narrow', async (colorScheme) => {
    const here = await arrive('express', { colorScheme });
    const { page } = here;
    await page.evaluate(AXE);
    const found: string[] = [];
    const examine = async (what: string): Promise<void> => {
      const { violations } = await page.evaluate(() =>
        (window as unknown as { axe: Axe }).axe.run(document, { resultTypes: ['violations'] }),
      );
      for (const { id, nodes } of violations) {
        for (const { html, failureSummary } of nodes.slice(0, 3))
          found.push(`${what}: ${id}: ${html} ${failureSummary ?? ''}`);
      }
    };
    for (const [kind, hash] of views) {
      // a filter brings no colours
      if (!isFirst(hash) && colorScheme === 'dark') continue;
      await here.show(hash);
      for (const width of isFirst(hash) ? [1440, 360] : [1440]) {
        await page.setViewportSize({ width, height: 900 });
        await examine(`${kind} at ${width}`);
      }
    }
    expect(found).toEqual([]);
    expect(here.faults.take()).toEqual([]);
  });

  it('has no view that scrolls sideways, at any width', async () => {
    const here = await arrive();
    const wide: string[] = [];
    for (const [kind, hash] of views) {
      await here.show(hash);
      for (const width of WIDTHS) {
        await here.page.setViewportSize({ width, height: 900 });
        const over = await here.page.evaluate(() => {
          const { scrollWidth, clientWidth } = document.documentElement;
          if (scrollWidth <= clientWidth) return undefined;
          const out = [...document.querySelectorAll('body *')].filter(
            (each) => each.getBoundingClientRect().right > clientWidth + 1,
          );
          return `${scrollWidth - clientWidth} px: ${out.at(-1)?.outerHTML.slice(0, 120)}`;
        });
        if (over) wide.push(`${kind} at ${width}: ${over}`);
      }
    }
    expect(wide).toEqual([]);
    expect(here.faults.take()).toEqual([]);
  });

  it('calls the percentiles of a queue estimated', async () => {
    const here = await arrive();
    const { page } = here;
    await page.route('**/api/queue?*', async (route) => {
      const response = await route.fetch();
      const names = [{ task: 'ReportTasks.echo', done: 7, failed: 0, p95Ms: 12 }];
      await route.fulfill({ response, json: { ...((await response.json()) as object), names } });
    });
    await here.show('#/shop/queue/billing');
    await page.locator('th [data-tip^="Percentiles are estimated"]').getByText('p95', { exact: true }).waitFor();
    expect(here.faults.take()).toEqual([]);
  });
});
