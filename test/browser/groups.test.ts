/** Batches and flows in a real browser. */
import type { Page } from 'playwright-core';
import type { GroupReport } from '../../src/inspector/groups/group-report.js';
import { PHONE, type Visit } from './harness/browser.js';
import { inBrowser, scene } from './harness/in-browser.js';
import { answer } from './harness/press.js';
import { eventually, Shop } from './harness/shop.js';

inBrowser('batches and flows in a browser', () => {
  const stage = scene(() => Shop.start(['express']));
  const { arrive } = stage;
  let flow: GroupReport;
  let batch: GroupReport;
  let here: Visit;
  let page: Page;

  beforeAll(async () => {
    const { groups } = await stage.shop.inspector.groups.list();
    const found = (wanted: (group: GroupReport) => boolean): GroupReport => {
      const group = groups.find(wanted);
      if (!group) throw new Error('The shop lacks a batch or flow.');
      return group;
    };
    flow = found(({ kind }) => kind === 'flow');
    batch = found(({ kind, state }) => kind === 'batch' && state === 'open');
  });

  const start = async (options?: Parameters<typeof arrive>[1]): Promise<void> => {
    here = await arrive('express', options);
    page = here.page;
  };
  const step = (name: string) => page.locator('table.steps-of > tbody > tr[data-row]').filter({ hasText: name });

  afterEach(() => expect(here.faults.take()).toEqual([]));

  it('come in a file of their own, which is loaded when they are first opened', async () => {
    await start();
    const loaded = (): Promise<string[]> =>
      page.evaluate(() =>
        performance
          .getEntriesByType('resource')
          .map(({ name }) => new URL(name).pathname.split('/').at(-1) ?? '')
          .filter((name) => name.endsWith('.js')),
      );
    expect(await loaded()).toEqual(['main.js']);
    await page.getByRole('link', { name: 'Batches and flows' }).click();
    await page.getByRole('table', { name: 'Batches and flows' }).waitFor();
    expect(await loaded()).toEqual(['main.js', 'groups.js']);
    await here.show('#/shop/queues');
    await here.show('#/shop/groups');
    expect(await loaded()).toEqual(['main.js', 'groups.js']);
  });

  it('say that their file could not be loaded, and come once it can', async () => {
    await start();
    here.faults.expect(/Failed to load resource/);
    await page.route('**/assets/groups.js', (route) => route.abort());
    await here.show('#/shop/groups');
    await page.getByRole('alert').getByText('This view could not be loaded.').waitFor();
    await page.unroute('**/assets/groups.js');
    await page.getByRole('button', { name: 'Load again' }).click();
    await page.getByRole('table', { name: 'Batches and flows' }).waitFor();
  });

  it('do not take a file of another version, which could mean other things by its names', async () => {
    await start();
    await page.route('**/assets/groups.js', async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replace(/\bv[0-9a-f]{8}\b/, 'v00000000');
      await route.fulfill({ response, body });
    });
    await here.show('#/shop/groups');
    await page.getByRole('alert').getByText('This view could not be loaded.').waitFor();
  });

  it('are listed by kind and state, with their progress, and lead to their pages', async () => {
    await start();
    await here.show('#/shop/groups');
    const rows = page.locator('main tr[data-row]');
    expect(await rows.count()).toBe(3);
    const row = rows.filter({ hasText: 'catalog' });
    expect(await row.textContent()).toContain('59 of 62 done, 1 failed, 2 not ended');
    const bar = row.getByRole('progressbar').first();
    expect([await bar.getAttribute('aria-valuenow'), await bar.getAttribute('aria-valuemax')]).toEqual(['60', '62']);
    await page.getByRole('navigation', { name: 'Kind' }).getByRole('link', { name: 'batches', exact: true }).click();
    await here.ready();
    expect(await rows.count()).toBe(2);
    await page.getByRole('navigation', { name: 'State' }).getByRole('link', { name: 'done', exact: true }).click();
    await here.ready();
    expect(await rows.allTextContents()).toEqual([expect.stringContaining('november')]);
    await page.getByRole('navigation', { name: 'State' }).getByRole('link', { name: 'expired' }).click();
    await page.getByRole('heading', { name: 'No batch matches.' }).waitFor();
  });

  it('of a flow show the task that stops it first, and lead to that', async () => {
    await start();
    await here.show(`#/shop/groups/${flow.id}`);
    await page.getByRole('heading', { name: /Flow catalog/ }).waitFor();
    const note = page.locator('main .note').first();
    expect(await note.textContent()).toContain('ImportTasks.extract is dead.Error: part 7 of the catalog is no XML');
    expect(await note.textContent()).toContain('Redrive it, and the flow goes on.');
    await note.getByRole('link', { name: 'Look at it' }).click();
    await page.getByRole('heading', { name: /ImportTasks.extract/ }).waitFor();
    expect(new URL(page.url()).hash).toBe(`#/shop/task/${flow.culprit?.id}`);
    await page.getByRole('link', { name: 'catalog', exact: true }).click();
    await page.getByRole('heading', { name: /Flow catalog/ }).waitFor();
  });

  it('of a flow put tasks of one name together, open by keyboard, and lead to each task', async () => {
    await start();
    await here.show(`#/shop/groups/${flow.id}`);
    expect(await step('extract').first().textContent()).toContain('ImportTasks.extract × 60');
    expect(await step('ImportTasks.merge').first().textContent()).toContain('ImportTasks.extract × 60');
    await page.keyboard.press('j');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('ImportTasks.extract × 60');
    await page.keyboard.press('Enter');
    const inner = page.getByRole('table', { name: 'Tasks of ImportTasks.extract' });
    await inner.waitFor();
    await here.ready();
    expect(await inner.locator('tr[data-row]').count()).toBe(50);
    expect(await inner.locator('tr[data-row]').first().textContent()).toContain('no XML');
    await page.getByRole('link', { name: 'Next' }).click();
    await page.getByText('51 to 60 of 60').waitFor();
    await step('extract').first().getByRole('link', { name: '1 dead' }).click();
    await page.getByText('1 of 60: dead.').waitFor();
    expect(await inner.locator('tr[data-row]').count()).toBe(1);
    await inner.locator('a.name').click();
    await page.getByRole('heading', { name: /ImportTasks.extract/ }).waitFor();
  });

  it('of a batch say that no list of its tasks is kept', async () => {
    await start();
    await here.show(`#/shop/groups/${batch.id}`);
    await page.getByText('Of a batch no list of its tasks is kept.').waitFor();
    await page.getByText('0 of 60 done, 60 not ended').waitFor();
    await page.getByText('deadline').waitFor();
  });

  it('fit a phone, with the error of a task and what it waits for', async () => {
    await start(PHONE);
    await here.show(`#/shop/groups/${flow.id}?step=1+default+ImportTasks.extract`);
    const inner = page.getByRole('table', { name: 'Tasks of ImportTasks.extract' });
    await inner.getByText('no XML').locator('visible=true').waitFor();
    await step('ImportTasks.merge')
      .first()
      .getByText('after ImportTasks.extract × 60')
      .locator('visible=true')
      .waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
  });

  it('cannot be cancelled without the right, and say so', async () => {
    await start({ who: 'viewer' });
    await here.show(`#/shop/groups/${batch.id}`);
    const button = page.getByRole('button', { name: 'Cancel…' });
    expect(await button.getAttribute('aria-disabled')).toBe('true');
    expect(await button.getAttribute('data-tip')).toContain('viewer may not cancel tasks');
  });

  it('are cancelled by a key after a question, and follow what happens', async () => {
    await start();
    await here.show('#/shop/groups');
    await here.show(`#/shop/groups/${batch.id}`);
    await page.keyboard.press('x');
    await page.getByRole('dialog', { name: 'Cancel batch' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    // the button is free again a moment later
    await here.ready();
    expect((await stage.shop.inspector.groups.get(batch.id))?.state).toBe('open');
    await page.keyboard.press('x');
    await page.getByRole('dialog', { name: 'Cancel batch' }).waitFor();
    await answer(page);
    await page.locator('main h1').getByText('cancelled').waitFor();
    expect((await stage.shop.inspector.groups.get(batch.id))?.state).toBe('cancelled');
    expect(stage.shop.audit.at(-1)).toMatchObject({ by: 'mara', action: 'cancel', outcome: 'done' });

    // somebody else does it elsewhere: the page shows that by itself
    await here.show(`#/shop/groups/${flow.id}`);
    await stage.shop.inspector.groups.cancel(flow.id, { by: 'jonas' });
    await page.locator('main h1').getByText('cancelled').waitFor();
    await eventually('the record of both', async () => {
      const actions = await stage.shop.inspector.actions.list();
      return actions.filter(({ action }) => /^cancel-(batch|flow)$/.test(action)).length === 2 || undefined;
    });
  });
});
