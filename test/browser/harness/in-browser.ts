import type { Browser } from 'playwright-core';
import { CHROMIUM, launch, type Visit, visit } from './browser.js';
import { PLATFORMS, type Platform, Shop } from './shop.js';

/** Tests that need a browser. */
export const inBrowser: typeof describe = CHROMIUM ? describe : describe.skip;

type VisitOptions = Parameters<typeof visit>[2];

/** What the tests of a `describe` share. */
export interface Scene {
  readonly shop: Shop;
  readonly browser: Browser;
  /** Opens the dashboard in a profile of its own, which ends with the test. */
  open(platform?: Platform, options?: VisitOptions): Promise<Visit>;
  /** As `open`, and waits for the first view. */
  arrive(platform?: Platform, options?: VisitOptions): Promise<Visit>;
}

/**
 * A shop and a browser for the tests of a `describe`, in which it is called.
 *
 * @param prepare what the shop has before the first test
 */
export function scene(start: () => Promise<Shop> = () => Shop.start(), prepare = (shop: Shop) => shop.fill()): Scene {
  let shop: Shop;
  let browser: Browser;
  const visits: Visit[] = [];

  beforeAll(async () => {
    [shop, browser] = await Promise.all([start(), launch()]);
    await prepare(shop);
  });

  afterEach(() => Promise.all(visits.splice(0).map(({ context }) => context.close())));

  afterAll(async () => {
    await browser?.close();
    await shop?.stop();
  });

  const open: Scene['open'] = async (platform = PLATFORMS[0] ?? 'express', options) => {
    const here = await visit(browser, shop.url(platform), options);
    visits.push(here);
    return here;
  };
  return {
    get shop() {
      return shop;
    },
    get browser() {
      return browser;
    },
    open,
    async arrive(platform, options) {
      const here = await open(platform, options);
      await here.ready();
      return here;
    },
  };
}
