/** Every view of the dashboard in a real browser. Views are found by following links, so that new ones are looked at, too. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser } from 'playwright-core';
import { launch, type Visit, visit } from './harness/browser.js';
import { inBrowser } from './harness/in-browser.js';
import { PLATFORMS, Shop } from './harness/shop.js';
import { crawl, screenNames } from './harness/views.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WIDTHS = [360, 600, 768, 1024, 1280, 1440, 1900];

interface Axe {
  run(
    where: Document,
    options: object,
  ): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
}

inBrowser('the dashboard in a browser', () => {
  let shop: Shop;
  let browser: Browser;
  /** an address of each kind of view */
  let views: Map<string, string>;
  const visits: Visit[] = [];

  async function arrive(
    platform = PLATFORMS[0] ?? 'express',
    options: Parameters<typeof visit>[2] = {},
  ): Promise<Visit> {
    const here = await visit(browser, shop.url(platform), options);
    visits.push(here);
    return here;
  }

  beforeAll(async () => {
    [shop, browser] = await Promise.all([Shop.start(), launch()]);
    await shop.fill();
  });

  afterEach(() => Promise.all(visits.splice(0).map(({ context }) => context.close())));

  afterAll(async () => {
    await browser?.close();
    await shop?.stop();
  });

  it.each(PLATFORMS)('shows every view on %s without a fault, and no screen is left out', async (platform) => {
    const here = await arrive(platform);
    const odd: string[] = [];
    views = await crawl(here, async (kind) => {
      const text = (await here.page.locator('body').textContent()) ?? '';
      // the form to send a task shows how to write `undefined`
      const words = /(?<!\$)\b(undefined|NaN|null|Invalid Date|\[object \w+\])\b.*/.exec(text);
      if (words) odd.push(`${kind}: ${words[0]}`);
    });
    expect(odd).toEqual([]);
    expect(here.faults.take()).toEqual([]);
    expect([...views.keys()].map((kind) => kind.split(/[/?]/)[0])).toEqual(expect.arrayContaining(screenNames()));
  });

  it('opens every view by its address alone', async () => {
    const here = await arrive();
    await here.ready();
    const faults: string[] = [];
    for (const [kind, hash] of views) {
      await here.page.goto('about:blank');
      await here.page.goto(here.url + hash);
      await here.ready();
      const title = await here.page.title();
      if (!title || !(await here.page.locator('main').textContent())?.trim()) faults.push(kind);
    }
    expect([...faults, ...here.faults.take()]).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('has nothing that axe finds, in %s', async (colorScheme) => {
    const found: string[] = [];
    for (const width of [1440, 360]) {
      const here = await arrive('express', { colorScheme, viewport: { width, height: 900 } });
      await here.ready();
      await here.page.evaluate(AXE);
      for (const [kind, hash] of views) {
        await here.show(hash);
        const { violations } = await here.page.evaluate(() =>
          (window as unknown as { axe: Axe }).axe.run(document, { resultTypes: ['violations'] }),
        );
        for (const { id, nodes } of violations) {
          for (const { html, failureSummary } of nodes.slice(0, 3))
            found.push(`${kind} at ${width}: ${id}: ${html} ${failureSummary ?? ''}`);
        }
      }
      expect(here.faults.take()).toEqual([]);
    }
    expect(found).toEqual([]);
  });

  it('has no view that scrolls sideways, at any width', async () => {
    const here = await arrive();
    await here.ready();
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
});
