/** Crons in a real browser: the history of one, and those that were set at run time. */
import { Redis } from 'ioredis';
import type { Page } from 'playwright-core';
import { PHONE, type Visit } from './harness/browser.js';
import { inBrowser, scene } from './harness/in-browser.js';
import { Shop } from './harness/shop.js';

const CRON = 'CatalogTasks.rebuild';
const KEY = `{shop}:cron-runs:${CRON}`;
const HOUR = 3_600_000;

inBrowser('the history of a cron in a browser', () => {
  const stage = scene(() => Shop.start(['express']));
  let here: Visit;
  let page: Page;

  /** Opens the page of the cron with this history, the oldest line first. */
  async function open(lines: readonly string[], options?: Parameters<typeof stage.arrive>[1]): Promise<void> {
    const redis = new Redis(stage.shop.redis.url);
    await redis.del(KEY);
    if (lines.length > 0) await redis.lpush(KEY, ...lines);
    redis.disconnect();
    here = await stage.arrive('express', options);
    page = here.page;
    await here.show(`#/shop/cron/${CRON}`);
    await page.getByRole('heading', { name: 'History' }).waitFor();
  }
  const line = () => page.locator('main').getByRole('img', { name: /^From / });
  const rows = () => page.getByRole('table', { name: `History of ${CRON}` }).locator('tbody tr');

  afterEach(() => expect(here.faults.take()).toEqual([]));

  it('is a day on a line with the reasons at hand, and a table that has them as text', async () => {
    const at = Date.now() - 2 * HOUR;
    const id = '0123456789abcdefghij';
    await open([
      `${at - 40 * HOUR} done ${at - 40 * HOUR} 5 1 ${id}`,
      `${at - 5 * HOUR} missed 3 ${at - 3 * HOUR} no-worker`,
      `${at - HOUR} skipped ${id}`,
      `${at} dead ${at + 1_500} 2000 1 ${id}`,
    ]);
    expect(await line().getAttribute('aria-label')).toMatch(/ to now: 1 dead, 1 skipped, missed 3$/);
    const marks = line().locator('i');
    expect(await marks.count()).toBe(3);
    await marks.nth(2).hover();
    await page
      .getByRole('tooltip')
      .getByText(/: missed 3, no worker could fire it in time$/)
      .waitFor();
    await marks.nth(0).hover();
    await page
      .getByRole('tooltip')
      .getByText(/: dead, 1\.5 s late, took 2\.0 s$/)
      .waitFor();
    const texts = await rows().allTextContents();
    expect(texts).toHaveLength(4);
    expect(texts[0]).toMatch(/^dead .*1\.5 s2\.0 s$/);
    expect(texts[1]).toContain(`${id} was under way`);
    expect(texts[2]).toMatch(/^missed 3 ?no worker could fire it in time/);
    expect(await rows().nth(0).getByRole('link').getAttribute('href')).toBe(`#/shop/task/${id}`);
  });

  it('of a cron that is often due has the time of its last hundred, all of them on request, also on a phone', async () => {
    const from = Date.now() - 100 * 60_000;
    const lines = Array.from({ length: 100 }, (_, i) => `${from + i * 60_000} done ${from + i * 60_000} 5 1 x${i}`);
    await open(lines, PHONE);
    await page.getByRole('heading', { name: /^Last 1 h 4\d min$/ }).waitFor();
    expect(await line().locator('i').count()).toBe(100);
    expect(await rows().count()).toBe(10);
    await page.getByRole('button', { name: 'all 100' }).click();
    await page.getByRole('button', { name: 'the last 10' }).waitFor();
    expect(await rows().count()).toBe(100);
    const width = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(await width()).toBeLessThanOrEqual(0);
  });

  it('says so where nothing is known', async () => {
    await open([]);
    await page.getByText('No run has ended, and none was left out.').waitFor();
  });
});

inBrowser('crons set at run time in a browser', () => {
  const stage = scene(() => Shop.start(['express']));
  let here: Visit;
  let page: Page;

  async function show(hash: string, options?: Parameters<typeof stage.arrive>[1]): Promise<void> {
    here = await stage.arrive('express', options);
    page = here.page;
    await here.show(hash);
  }
  const rows = () => page.getByRole('table', { name: 'Crons set at run time' }).locator('tbody tr');
  const overhang = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

  afterEach(() => expect(here.faults.take()).toEqual([]));

  it.each([
    ['a desktop', undefined],
    ['a phone', PHONE],
  ])(
    'are a list of fifty with more of them on request, and can be found by their beginning, on %s',
    async (_, size) => {
      await show('#/shop/crons', size);
      await page.getByRole('heading', { name: /^Set at run time/ }).waitFor();
      expect(await rows().count()).toBe(50);
      expect(await overhang()).toBeLessThanOrEqual(0);
      // that of the mail, which no worker serves, comes first by its name
      await rows().nth(0).getByText('orphaned').waitFor();
      expect(await rows().nth(1).textContent()).toMatch(/^tenant-00\.chargeMondays at 08:00, Europe\/Paris/);
      await page.getByRole('button', { name: 'Next 50' }).click();
      await rows().getByText('tenant-49.charge').waitFor();
      expect(await rows().count()).toBe(11);
      await page.getByRole('button', { name: 'From the first' }).click();
      await rows().getByRole('link', { name: 'letter', exact: true }).waitFor();
      const field = page.getByRole('searchbox', { name: 'Find names that begin with' });
      await field.fill('tenant-4');
      await field.press('Enter');
      await rows().getByText('tenant-40.charge').waitFor();
      await rows().getByRole('link', { name: 'letter', exact: true }).waitFor({ state: 'detached' });
      expect(await rows().count()).toBe(10);
      await field.fill('nobody');
      await field.press('Enter');
      await page.getByText('No name begins so.').waitFor();
    },
  );

  it('have a page with task, arguments but hidden ones, and the person that set it; that of an orphan has the way out', async () => {
    await show('#/shop/cron/tenant-07.charge', PHONE);
    const main = page.locator('main');
    await main.getByText('by jonas').waitFor();
    expect(await main.getByRole('link', { name: 'BillingTasks.charge' }).getAttribute('href')).toBe(
      '#/shop/tasks?task=BillingTasks.charge',
    );
    const args = await main.locator('pre.json').textContent();
    expect(args).toContain('"plan-7"');
    expect(args).not.toContain('4111');
    expect(await main.getByText('Declared by').count()).toBe(0);
    expect(await overhang()).toBeLessThanOrEqual(0);
    await here.show('#/shop/cron/letter');
    await main.getByText('It is orphaned, so it is not fired.').waitFor();
    await here.show(`#/shop/cron/${CRON}`);
    await main.getByText('Declared by').waitFor();
    expect(await main.getByRole('button', { name: 'Remove…' }).count()).toBe(0);
  });

  it('are removed after a question', async () => {
    await show('#/shop/cron/tenant-59.charge');
    here.faults.expect(/404 .*\/api\/cron(\/arguments)?\?/);
    await page.getByRole('button', { name: 'Remove…' }).click();
    await page.getByRole('dialog', { name: 'Remove tenant-59.charge?' }).waitFor();
    await page.locator('dialog button.main').click();
    await page.getByRole('heading', { name: /^Set at run time/ }).waitFor();
    await here.show('#/shop/crons?prefix=tenant-5');
    await rows().getByText('tenant-58.charge').waitFor();
    expect(await rows().count()).toBe(9);
    const [action] = await stage.shop.inspector.actions.list();
    expect(action).toMatchObject({ action: 'remove-cron', by: 'mara', subject: 'tenant-59.charge' });
  });
});
