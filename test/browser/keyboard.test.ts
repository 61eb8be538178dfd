/** The dashboard without a pointer, in a real browser. */
import type { Page } from 'playwright-core';
import type { Visit } from './harness/browser.js';
import { inBrowser, scene } from './harness/in-browser.js';
import { Shop } from './harness/shop.js';
import { crawl, viewOf } from './harness/views.js';

const focused = (page: Page): Promise<string> =>
  page.evaluate(
    () => document.activeElement?.closest('[data-row]')?.getAttribute('data-row') ?? document.activeElement?.id ?? '',
  );

inBrowser('the dashboard by keyboard', () => {
  const { arrive } = scene(() => Shop.start(['express']));
  let here: Visit;
  let page: Page;

  beforeEach(async () => {
    here = await arrive();
    page = here.page;
  });

  afterEach(() => expect(here.faults.take()).toEqual([]));

  it('begins with a link past the navigation', async () => {
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content');
    await page.keyboard.press('Enter');
    expect(await focused(page)).toBe('main');
  });

  it('reaches by Tab all that can be pressed, with a ring around it, in every view', async () => {
    const lost: string[] = [];
    const look = async (kind: string): Promise<void> => {
      // the first twenty stand for the rows that follow
      const wanted = await page
        .locator('main')
        .locator('a:visible, button:visible, input:visible, select:visible')
        .count();
      await page.evaluate(() => document.getElementById('main')?.focus());
      for (let n = 0; n < Math.min(wanted, 20); n += 1) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate(() => {
          const it = document.activeElement as HTMLElement;
          // a field within a frame has its ring around the frame
          const isSeen = [it, it.parentElement ?? it].some((each) => {
            const { outlineStyle, outlineWidth } = getComputedStyle(each);
            return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0;
          });
          return it === document.body || isSeen || it.closest('tr:has(:focus)')
            ? undefined
            : it.outerHTML.slice(0, 120);
        });
        if (at) lost.push(`${kind}: ${at}`);
      }
    };
    await crawl(here, look, viewOf);
    expect(lost).toEqual([]);
  });

  it('goes to a page by its number, and to the search by /', async () => {
    const links = page.locator('#side nav a');
    for (let n = Math.min(await links.count(), 6); n > 0; n -= 1) {
      await page.keyboard.press(String(n));
      await page.locator(`#side nav a:nth-of-type(${n})[aria-current=page]`).waitFor();
    }
    await page.keyboard.press('/');
    await page.waitForFunction(() => document.activeElement?.matches('input'));
    await page.keyboard.type('jk?p1');
    expect(await page.evaluate(() => (document.activeElement as HTMLInputElement).value)).toBe('jk?p1');
    await page.keyboard.press('Escape');
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('BODY');
  });

  it('lists the keys at ?, keeps the focus in the dialog, and gives it back at Esc', async () => {
    const button = page.getByRole('button', { name: 'Keys', exact: true });
    await button.focus();
    await page.keyboard.press('Enter');
    await page.locator('dialog[open]').waitFor();
    for (let n = 0; n < 8; n += 1) {
      await page.keyboard.press('Tab');
      expect(
        await page.evaluate(
          () => document.activeElement?.closest('dialog') !== null || document.activeElement === document.body,
        ),
      ).toBe(true);
    }
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(await button.evaluate((it) => it === document.activeElement)).toBe(true);
  });

  it('leaves letters to others when they are turned off, also after a reload', async () => {
    await page.keyboard.press('?');
    await page.getByRole('checkbox', { name: 'Letters are keys' }).uncheck();
    await page.keyboard.press('Escape');
    await page.reload();
    await here.ready();
    await page.keyboard.press('?');
    await page.keyboard.press('p');
    expect(await page.locator('dialog').count()).toBe(0);
    expect(await page.getByText('paused at').count()).toBe(0);
  });

  it('moves through every list by j and k, and opens a row by Enter', async () => {
    const opened: string[] = [];
    const views = await crawl(here, undefined, viewOf);
    for (const [kind, hash] of views) {
      await here.show(hash);
      const rows = page.locator('[data-list] > tbody > tr[data-row]:visible:has(a, button, input)');
      if ((await rows.count()) < 2) continue;
      await page.keyboard.press('j');
      const first = await focused(page);
      await page.keyboard.press('j');
      expect([kind, await focused(page)]).not.toEqual([kind, first]);
      await page.keyboard.press('k');
      expect([kind, await focused(page)]).toEqual([kind, first]);
      const before = page.url();
      await page.keyboard.press('Enter');
      await here.ready();
      if (page.url() !== before) opened.push(kind);
    }
    expect(opened.length).toBeGreaterThan(0);
  });

  it('selects by Space, and up to a row by Shift Space', async () => {
    await here.show('#/shop/tasks?state=pending');
    const picked = page.locator('td.pick input:checked');
    await page.locator('td.pick input').nth(3).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Space');
    expect(await picked.count()).toBe(1);
    for (let n = 0; n < 3; n += 1) await page.keyboard.press('j');
    await page.keyboard.press('Shift+Space');
    expect(await picked.count()).toBe(4);
  });
});
