/** The dashboard on a narrow screen, and where nothing hovers. */
import type { Locator } from 'playwright-core';
import { PHONE } from './harness/browser.js';
import { inBrowser, scene } from './harness/in-browser.js';
import { Shop } from './harness/shop.js';

inBrowser('the dashboard on a phone', () => {
  const { arrive } = scene(() => Shop.start(['express'], { NAMESPACES: 'both' }));

  it.each([
    ['a phone', PHONE],
    ['a tablet', { ...PHONE, viewport: { width: 800, height: 1100 } }],
  ])('shows another namespace at the switch of %s', async (kind, options) => {
    const here = await arrive('express', options);
    const { page } = here;
    const choice = page.getByRole('combobox', { name: 'Namespace' });
    if (kind === 'a phone') {
      expect(await choice.isVisible()).toBe(false);
      await page.getByRole('button', { name: 'More' }).tap();
    }
    const { width = 0, height = 0 } = (await choice.boundingBox()) ?? {};
    expect(Math.min(width, height)).toBeGreaterThanOrEqual(22);
    await choice.selectOption('archive');
    await page.getByText('No worker runs').or(page.getByText('Nothing has been sent')).first().waitFor();
    expect(new URL(page.url()).hash).toBe('#/archive/overview');
    if (kind === 'a phone') expect(await choice.isVisible()).toBe(false);
    expect(here.faults.take()).toEqual([]);
  });

  it('finds tasks from the header, which has the verdict as a shape with its words for screen readers', async () => {
    const here = await arrive('express', PHONE);
    const { page } = here;
    await here.show('#/shop/workers');
    const word = page.locator('#top .word');
    expect(await word.textContent()).toContain('mail: nobody consumes');
    expect((await word.boundingBox())?.width).toBeLessThan(30);
    const field = page.locator('#top').getByRole('searchbox', { name: 'Search tasks' });
    expect((await field.boundingBox())?.width).toBeGreaterThan(90);
    await field.fill('ReportTasks.year');
    await field.press('Enter');
    await page.locator('main tr[data-row]').getByText('ReportTasks.year').first().waitFor();
    expect(here.faults.take()).toEqual([]);
  });

  it('shows the arguments of the tasks that died of an error, and the whole error', async () => {
    const here = await arrive('express', PHONE);
    const { page } = here;
    await here.show('#/shop/dead?task=BillingTasks.payout');
    const error = page.locator('.errs .name').filter({ hasText: 'must be an IBAN' });
    expect(
      await error.evaluate((link) => link.lastElementChild?.scrollWidth === link.lastElementChild?.clientWidth),
    ).toBe(true);
    await error.tap();
    const row = page.locator('.inner tr[data-row]').first();
    await row
      .getByText(/"in_88\d+"/)
      .locator('visible=true')
      .waitFor();
    expect(here.faults.take()).toEqual([]);
  });

  it('shows the actions of a row where nothing hovers, and elsewhere to the focus', async () => {
    const view = '#/shop/dead?task=BillingTasks.payout';
    const seen = (of: Locator): Promise<string> => of.evaluate((button) => getComputedStyle(button).opacity);
    const opened = async (options: object): Promise<{ here: Awaited<ReturnType<typeof arrive>>; redrive: Locator }> => {
      const here = await arrive('express', options);
      await here.show(view);
      await here.page.locator('.errs .name').first().click();
      const redrive = here.page.locator('.inner .act button').first();
      await redrive.waitFor();
      await here.page.mouse.move(0, 0);
      return { here, redrive };
    };
    const touch = await opened(PHONE);
    expect(await seen(touch.redrive)).toBe('1');
    const desk = await opened({});
    expect(await seen(desk.redrive)).toBe('0');
    await desk.here.page.locator('.inner .name').first().focus();
    expect(await seen(desk.redrive)).toBe('1');
    await desk.here.page.keyboard.press('Tab');
    expect(await desk.redrive.evaluate((button) => button === document.activeElement)).toBe(true);
    expect([...touch.here.faults.take(), ...desk.here.faults.take()]).toEqual([]);
  });

  it('says that a namespace of an address is not there, shows none in its place, and links to those that are', async () => {
    const here = await arrive();
    const { page } = here;
    here.faults.expect(/404/);
    await here.show('#/gone/dead');
    const heading = page.getByRole('heading', { name: 'The dashboard has no namespace “gone”.' });
    await heading.waitFor();
    expect((await heading.boundingBox())?.width).toBeGreaterThan(400);
    expect(new URL(page.url()).hash).toBe('#/gone/dead');
    await page.getByRole('link', { name: 'archive' }).click();
    await page.getByRole('combobox', { name: 'Namespace' }).waitFor();
    expect(new URL(page.url()).hash).toBe('#/archive');
    expect(here.faults.take()).toEqual([]);
  });

  it('says what is wrong with a queue as a sentence, and keeps the numbers of its charts on the screen', async () => {
    const here = await arrive('express', PHONE);
    const { page } = here;
    await page.route('**/api/queue?*', async (route) => {
      const response = await route.fetch();
      const answer = (await response.json()) as { chart: { at: number[]; oldestMs: number[] } };
      answer.chart.oldestMs = answer.chart.at.map((_, i) => 1 + i * 1e5);
      await route.fulfill({ response, json: answer });
    });
    await here.show('#/shop/queue/mail');
    await page
      .locator('main .note')
      .getByText('Tasks wait, and no worker of this namespace serves the queue.')
      .waitFor();
    const numbers = page.locator('main .y');
    await numbers.getByText('10,000 s').waitFor();
    const places = await numbers.evaluateAll((all) => all.map((each) => each.getBoundingClientRect().left));
    expect(places.filter((left) => left < 0)).toEqual([]);
    expect(here.faults.take()).toEqual([]);
  });

  it('shows no finding of the namespace before until it knows those of the next', async () => {
    const here = await arrive();
    const { page } = here;
    const said = page.locator('p.sr[role=status]').first();
    await here.show('#/shop/queues');
    await page.locator('#top .word').getByText('mail: nobody consumes').waitFor();
    await said.getByText('mail: nobody consumes').waitFor({ state: 'attached' });
    await page.route('**/api/live?in=archive', () => {});
    await page.getByRole('combobox', { name: 'Namespace' }).selectOption('archive');
    await page.locator('#top .word').waitFor({ state: 'detached' });
    await page.waitForFunction(() => !document.title.includes('✕'));
    expect((await page.locator('body').textContent()) ?? '').not.toContain('nobody consumes');
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    expect(here.faults.take()).toEqual([]);
  });
});
