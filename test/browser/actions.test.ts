/** Every action of the dashboard, by its buttons, in a real browser. */
import { ROUTES } from '../../src/dashboard/routes.js';
import { inBrowser, scene } from './harness/in-browser.js';
import { buttonsOf } from './harness/places.js';
import { pressAll } from './harness/press.js';
import { PLATFORMS, Shop } from './harness/shop.js';
import { screenNames, screenOf } from './harness/views.js';

/** What the browser writes into the console when the page of a task that was deleted asks for it, or that of a cron. */
const GONE = /console: Failed to load resource: .*404 .*\/api\/(task|cron|cron\/arguments)\?/;
const ACTIONS = ROUTES.filter(({ kind }) => kind !== 'read').map(({ path }) => path);

inBrowser.each(PLATFORMS)('the actions of the dashboard on %s', (platform) => {
  const stage = scene(() => Shop.start([platform]));

  it('are all done by a button, no button fails, and none breaks the page', async () => {
    const { shop } = stage;
    const here = await stage.arrive(platform);
    here.faults.expect(GONE);
    const done = new Set<string>();
    here.page.on('response', (response) => {
      const path = /\/api\/(.*?)(\?|$)/.exec(response.url())?.[1] ?? '';
      if (response.request().method() === 'POST' && response.ok()) done.add(path);
    });
    const places = await buttonsOf(shop);
    // a screen that comes later needs a place in the table
    expect(places.map(({ views }) => screenOf(views[0] ?? ''))).toEqual(expect.arrayContaining(screenNames()));
    const missed: string[] = [];
    for (const buttons of places) missed.push(...(await pressAll(here, buttons)));
    expect(missed).toEqual([]);
    expect(here.faults.take()).toEqual([]);
    expect(ACTIONS.filter((path) => !done.has(path))).toEqual([]);
    expect(shop.audit.every(({ by, outcome }) => by === 'mara' && outcome === 'done')).toBe(true);
  });
});
