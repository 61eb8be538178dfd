/** Every action of the dashboard, by its buttons, in a real browser: those that come later are pressed by themselves. */
import type { Browser } from 'playwright-core';
import { ROUTES } from '../../src/dashboard/routes.js';
import { launch, visit } from './harness/browser.js';
import { inBrowser } from './harness/in-browser.js';
import { pressAll, pressOnTasks } from './harness/press.js';
import { PLATFORMS, Shop } from './harness/shop.js';
import { crawl } from './harness/views.js';

/** What the browser writes into the console about an action that came too late: the thing was gone. */
const TOO_LATE = /console: Failed to load resource: .*(400|404|409)/;
/** It presses some hundred buttons, and waits for each. */
const LIMIT_MS = 400_000;
const ACTIONS = ROUTES.filter(({ kind }) => kind !== 'read').map(({ path }) => path);

/** It takes some minutes for each platform: it runs when it is asked for. */
const walk = process.env.NESTWORK_ALL_ACTIONS ? inBrowser : describe.skip;

walk.each(PLATFORMS)('the actions of the dashboard on %s', (platform) => {
  let shop: Shop;
  let browser: Browser;

  beforeAll(async () => {
    [shop, browser] = await Promise.all([Shop.start([platform]), launch()]);
    await shop.fill();
  });

  afterAll(async () => {
    await browser?.close();
    await shop?.stop();
  });

  it(
    'are all done by a button, and none of them breaks the page',
    async () => {
      const here = await visit(browser, shop.url(platform));
      here.faults.expect(TOO_LATE);
      const done = new Set<string>();
      here.page.on('response', (response) => {
        const path = /\/api\/(.*?)(\?|$)/.exec(response.url())?.[1] ?? '';
        if (response.request().method() === 'POST' && response.ok()) done.add(path);
      });
      const views = await crawl(here, async () => {});
      await pressOnTasks(here, views.get('scheduled') ?? '');
      const groups = [...views.keys()].filter((kind) => kind.startsWith('dead/…'));
      for (const kind of groups.slice(0, 2)) await pressOnTasks(here, views.get(kind) ?? '');
      // views with a filter have the buttons of those without
      const pressed = [...views.keys()].filter(
        (kind) => !kind.includes('?') || kind === 'tasks?state' || groups.includes(kind),
      );
      // what is done to many comes late, and one of the buttons stops the worker
      const ranks = ['queue', 'dead', 'scheduled', 'tasks', 'workers'];
      const rankOf = (kind: string): number =>
        ranks.findIndex((name) => kind === name || (name === 'workers' && kind.startsWith(name)));
      for (const kind of pressed.sort((a, b) => rankOf(a) - rankOf(b))) await pressAll(here, views.get(kind) ?? '');
      expect(here.faults.take()).toEqual([]);
      expect(ACTIONS.filter((path) => !done.has(path))).toEqual([]);
      expect(shop.audit.every(({ by }) => by === 'mara')).toBe(true);
    },
    LIMIT_MS,
  );
});
