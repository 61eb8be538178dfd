/** Limits in a real browser. */
import type { Page } from 'playwright-core';
import { PHONE, type Visit } from './harness/browser.js';
import { inBrowser, scene } from './harness/in-browser.js';
import { eventually, Shop } from './harness/shop.js';

inBrowser('limits in a browser', () => {
  const stage = scene(() => Shop.start(['express']));
  let here: Visit;
  let page: Page;

  const start = async (options?: Parameters<typeof stage.arrive>[1]): Promise<void> => {
    here = await stage.arrive('express', options);
    page = here.page;
  };
  const row = (text: string) => page.locator('main tr[data-row]').filter({ hasText: text });
  const field = (name: string) => page.locator(`dialog [name="${name}"]`);
  const button = (name: string) => page.locator('main').getByRole('button', { name, exact: true });
  const confirm = () => page.locator('dialog button.main').click();
  const limitOf = (name: string) => stage.shop.inspector.limits.get(name);

  afterEach(() => expect(here.faults.take()).toEqual([]));

  it('are listed with what is declared, set, used and waits, and say plainly where nothing starts', async () => {
    await start();
    await page.locator('#side').getByRole('link', { name: 'Limits' }).click();
    await page.getByRole('table', { name: 'Limits' }).waitFor();
    expect(await page.locator('main tr[data-row] .name').allTextContents()).toEqual([
      'export',
      'newsletter',
      'queue bulk',
    ]);
    const newsletter = row('newsletter');
    for (const text of ['nothing starts', '5 at once, 100/m (burst 1)', '0 at once by jonas, until ', '0 of 0']) {
      await newsletter.getByText(text).locator('visible=true').waitFor();
    }
    for (const text of ['1 at once, for each key', '1 key set or stopped']) {
      expect(await row('export').textContent()).toContain(text);
    }
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.locator('main h1').getByText('nothing starts').waitFor();
    const note = page.locator('main .note');
    expect(await note.textContent()).toMatch(/^Nothing starts\.Set .*: 0 at once by jonas, until \d/);
    await page.keyboard.press('u');
    await page.getByRole('table', { name: 'Limits' }).waitFor();
  });

  it('have links from a task that waits, a queue and the list of actions', async () => {
    await start();
    const { tasks } = await stage.shop.inspector.tasks.list({ state: 'pending', task: 'MailTasks.newsletter' });
    await here.show(`#/shop/task/${tasks[0]?.id}`);
    await page
      .locator('main .why')
      .getByText(/The limit newsletter is set to 0 by jonas, until .*: nothing starts\./)
      .waitFor();
    for (const place of ['.facts', '.why']) {
      await page.locator(`main ${place}`).getByRole('link', { name: 'newsletter' }).click();
      await page.locator('main h1').getByText('newsletter').waitFor();
      await page.goBack();
    }
    await here.show('#/shop/overview');
    await page.getByRole('link', { name: 'Look at export' }).click();
    await page.locator('main h1').getByText('export').waitFor();
    await page.locator('#side .page[aria-current]').getByText('2', { exact: true }).waitFor();
    await here.show('#/shop/queue/bulk');
    await page.getByRole('link', { name: '20 at once' }).click();
    await page.locator('main h1').getByText('queue bulk').waitFor();
    await page.locator('main .facts').getByRole('link', { name: 'bulk', exact: true }).click();
    await page.locator('main h1').getByText('paused').waitFor();
    await here.show('#/shop/actions?action=set-limit');
    await page.getByRole('link', { name: 'export acme' }).click();
    await page.locator('main h2').getByText('acme').waitFor();
    expect(new URL(page.url()).hash).toBe('#/shop/limits/export?key=acme');
  });

  it('of an address that is none say so, and lead to the others', async () => {
    await start();
    here.faults.expect(/404/);
    await here.show('#/shop/limits/newslettr');
    await page.getByRole('heading', { name: 'No limit newslettr is known. Did you mean newsletter?' }).waitFor();
    await page.getByRole('link', { name: 'All limits' }).click();
    await page.getByRole('table', { name: 'Limits' }).waitFor();
  });

  it('find a key by its own search, also one that nobody uses', async () => {
    await start();
    await here.show('#/shop/limits/export');
    await page.keyboard.press('/');
    await page.keyboard.type('zoo & co');
    await page.keyboard.press('Enter');
    await page.locator('main h2').getByText('zoo & co').waitFor();
    await page.locator('main .box').getByText('0 of 2').waitFor();
    await page.getByRole('link', { name: 'all keys' }).click();
    await row('acme').getByRole('link', { name: 'acme' }).click();
    await page.locator('main .box .note').getByText('Nothing starts.').waitFor();
  });

  it('are set by keyboard, with faults in the words of the form, and show that at once', async () => {
    await start();
    here.faults.expect(/console: Failed to load resource: .*400 .*\/api\/limits\/set/);
    await here.show('#/shop/limits/queue%20bulk');
    await button('Set queue bulk').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Set the limit queue bulk' }).waitFor();
    // the first field has the focus
    const failure = page.locator('dialog [role=alert]');
    await page.keyboard.press('Control+Enter');
    await failure.getByText('Write how many at once, how many starts, or both.').waitFor();
    await page.keyboard.type('some');
    await failure.waitFor({ state: 'detached' });
    await page.keyboard.press('Control+Enter');
    await failure.getByText("“At once” is 'some'. Give a whole number from 0 to 1000000.").waitFor();
    await field('concurrency').fill('0');
    await field('rate').fill('0/s');
    await confirm();
    await failure.getByText("“Starts” is '0/s'. Give a number of starts and a time").waitFor();
    await field('rate').fill('');
    await field('for').selectOption('4h');
    await confirm();
    await page.locator('dialog').waitFor({ state: 'detached' });
    await page.locator('main h1').getByText('nothing starts').waitFor();
    const { concurrency, override } = await limitOf('queue bulk');
    expect([concurrency, override?.by]).toEqual([0, 'mara']);
    expect(stage.shop.audit.at(-1)).toMatchObject({ by: 'mara', action: 'set-limit', outcome: 'done' });
  });

  it('are given to a queue that has none, from its page and from the list, and taken away again', async () => {
    await start();
    await here.show('#/shop/queue/images');
    await page.locator('main .facts').getByRole('link', { name: 'none' }).click();
    await page.locator('main h1').getByText('queue images').waitFor();
    expect(await page.locator('main .facts').textContent()).toContain('declared by no worker');
    await button('Set queue images').click();
    await field('rate').fill('50/s');
    await confirm();
    await page.locator('main .note').getByText('50/s (burst 3) by mara').waitFor();
    await here.show('#/shop/limits');
    await button('Limit a queue…').click();
    await page.getByRole('dialog', { name: 'Set the limit of a queue' }).waitFor();
    await field('limit').selectOption('critical');
    await field('concurrency').fill('9');
    await confirm();
    await page.getByText('queue critical is set.').waitFor();
    await row('queue critical').getByText('9 at once by mara').locator('visible=true').waitFor();
    for (const queue of ['images', 'critical']) {
      expect((await limitOf(`queue ${queue}`)).override?.by).toBe('mara');
      await here.show(`#/shop/limits/queue%20${queue}`);
      await button(`Reset queue ${queue}`).click();
      await page.locator('dialog').getByText('After that the queue has no limit').waitFor();
      await confirm();
      await page.locator('main .note').waitFor({ state: 'detached' });
      await page.locator('main .facts').getByText('not counted').waitFor();
    }
  });

  it('are reset after a question, and only where something is set', async () => {
    await start();
    await here.show('#/shop/limits/queue%20bulk');
    await button('Reset queue bulk').click();
    const dialog = page.getByRole('dialog', { name: 'Reset the limit queue bulk?' });
    await dialog.getByText('It ends: 0 at once by mara').waitFor();
    await dialog.getByText('It is again as declared: 20 at once.').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await here.ready();
    expect((await limitOf('queue bulk')).concurrency).toBe(0);
    await button('Reset queue bulk').click();
    await dialog.waitFor();
    await confirm();
    await page.locator('main h1').getByText('nothing starts').waitFor({ state: 'detached' });
    expect((await limitOf('queue bulk')).override).toBeUndefined();
    const reset = page.locator('main').getByRole('button', { name: 'Reset queue bulk', disabled: true });
    expect(await reset.getAttribute('data-tip')).toBe('Nothing is set for it.');
  });

  it('of one key are set from the form of the limit and from its row, and follow what others do', async () => {
    await start();
    await here.show('#/shop/limits/export');
    await button('Set export').click();
    await field('scope').selectOption('key');
    await confirm();
    // the browser asks for the key
    expect(await field('key').evaluate((it) => it.matches(':focus:invalid'))).toBe(true);
    await field('key').fill('globex');
    await field('rate').fill('any');
    await field('for').selectOption('');
    await confirm();
    await row('globex').getByText('at any rate by mara, until it is reset').locator('visible=true').waitFor();
    await row('globex').hover();
    await button('Set export for globex').click();
    await page.getByRole('dialog', { name: 'Set the limit export for globex' }).waitFor();
    expect(await field('scope').count()).toBe(0);
    await field('concurrency').fill('7');
    await confirm();
    await row('globex').getByText('7 at once by mara').locator('visible=true').waitFor();
    await stage.shop.inspector.limits.reset('export', { key: 'globex', by: 'jonas' });
    await row('globex').waitFor({ state: 'detached' });
    expect(await limitOf('export')).toMatchObject({ concurrency: 2, override: { by: 'mara' } });
  });

  it('cannot be set without the right, say so, and show digests in place of keys', async () => {
    await start({ who: 'viewer' });
    await here.show('#/shop/limits/export');
    const set = button('Set export');
    expect(await set.getAttribute('aria-disabled')).toBe('true');
    expect(await set.getAttribute('data-tip')).toContain('viewer may not set or reset limits');
    await page.locator('main td code').first().waitFor();
    expect(await page.locator('main').textContent()).not.toContain('acme');
    expect(await page.locator('main').textContent()).toContain('viewer may not see arguments');
    expect(await page.locator('main').getByRole('searchbox').count()).toBe(0);
    await here.show('#/shop/actions?action=set-limit');
    await page.getByRole('link', { name: 'export, a hidden key' }).first().waitFor();
  });

  it('fit a phone, where they are under “More”, and are set there', async () => {
    await start(PHONE);
    await page.getByRole('button', { name: 'More' }).tap();
    await page.locator('#side').getByRole('link', { name: 'Limits' }).tap();
    const newsletter = row('newsletter');
    for (const text of ['nothing starts', '0 at once by jonas', 'waiting: 1 task']) {
      await newsletter.getByText(text).locator('visible=true').first().waitFor();
    }
    const fits = async (): Promise<void> =>
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    await fits();
    const key = `a tenant with ${'a-very-long-name-'.repeat(8)}`;
    await here.show(`#/shop/limits/export?key=${encodeURIComponent(key)}`);
    await page.getByRole('heading', { name: key }).waitFor();
    await fits();
    await button(`Set export for ${key}`).tap();
    await field('concurrency').fill('0');
    const dialog = page.locator('dialog[open]');
    const { x = -1, width = 0 } = (await dialog.boundingBox()) ?? {};
    expect([x >= 0, x + width <= 360]).toEqual([true, true]);
    expect(await dialog.evaluate((it) => it.scrollWidth <= it.clientWidth)).toBe(true);
    await confirm();
    await page.locator('main .box .note').getByText('Nothing starts.').waitFor();
    await here.show('#/shop/limits/export');
    await row('a tenant with').getByText('nothing starts').waitFor();
    await fits();
    await eventually('the record', async () => {
      const [last] = await stage.shop.inspector.actions.list({ action: 'set-limit', limit: 1 });
      return last?.subject === `export ${key}` || undefined;
    });
  });
});
