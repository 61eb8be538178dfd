/** What a dashboard shows only at times: many tasks, large ones, two namespaces, explanations. */
import { Redis } from 'ioredis';
import { fairDigest, orderTagOf } from '../../src/message/order-tag.js';
import { tagLetters } from '../../src/message/tags.js';
import { encodeDone } from '../../src/message/task-result.js';
import { open } from './harness/browser.js';
import { inBrowser, scene } from './harness/in-browser.js';
import { answer } from './harness/press.js';
import { eventually, Shop } from './harness/shop.js';

const DYING = 600;
/** The largest payload that a task may have, in bytes, with a little room for its form. */
const LARGE = 256 * 1024 - 200;
const LONGEST = 'x'.repeat(LARGE);

inBrowser('the dashboard in its corners', () => {
  const stage = scene(
    () => Shop.start(['express'], { NAMESPACES: 'both' }),
    (shop) => shop.ask('die'),
  );
  const { arrive } = stage;

  const deaths = (): Promise<number> => stage.shop.inspector.dead.count();

  it('forgets a question, also one that is on its way, when another namespace is shown', async () => {
    await eventually('all to die', async () => (await deaths()) === DYING || undefined);
    const here = await arrive();
    const { page } = here;
    await here.show('#/archive/dead');
    await here.show('#/shop/dead?queue=billing');
    const button = page.locator('main').getByRole('button', { name: 'Delete…' });
    await button.click();
    await page.locator('dialog[open]').waitFor();
    await page.goBack();
    await page.locator('dialog[open]').waitFor({ state: 'detached' });
    await page.goForward();
    await here.ready();
    let release = (): void => {};
    const late = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route('**/dead/preview*', async (route) => {
      const response = await route.fetch();
      await late;
      await route.fulfill({ response });
    });
    const asked = page.waitForRequest('**/dead/preview*');
    await button.click();
    await asked;
    const answered = page.waitForResponse('**/dead/preview*');
    await page.goBack();
    release();
    await answered;
    await here.ready();
    expect(await page.locator('dialog[open]').count()).toBe(0);
    expect(await deaths()).toBe(DYING);
    expect(here.faults.take()).toEqual([]);
  });

  it('stops an action on many tasks where somebody wants it, says how far it came, and goes on from there', async () => {
    await eventually('all to die', async () => (await deaths()) === DYING || undefined);
    const here = await arrive('express', { who: 'slow' });
    const { page } = here;
    const bar = page.locator('section.bulk');
    await here.show('#/shop/dead?queue=billing');
    await page.locator('main').getByRole('button', { name: 'Delete…' }).click();
    await page.locator('dialog[open]').waitFor();
    await answer(page);
    await bar.getByText(/^Deleted [1-9]\d* of 600$/).waitFor();
    await bar.getByRole('button', { name: 'Stop here' }).click();
    const result = await bar
      .getByText(/^Stopped\. Deleted at least \d+ of 600; the rest is as it was\.$/)
      .textContent();
    const atLeast = Number(/(\d+) of/.exec(result ?? '')?.[1]);
    await eventually(
      'the end of the deletion',
      () => stage.shop.audit.some(({ action }) => action === 'delete') || undefined,
    );
    const left = await deaths();
    expect(left).toBeGreaterThan(0);
    expect(DYING - left).toBeGreaterThanOrEqual(atLeast);
    await bar.getByRole('button', { name: 'Go on' }).click();
    await bar.getByText(`Deleted ${left}.`).waitFor();
    expect(await deaths()).toBe(0);
    expect(here.faults.take()).toEqual([]);
  });

  it('acts on all tasks that match a search, also on those that are not shown', async () => {
    const { inspector } = stage.shop;
    const delay = '1h';
    for (let n = 0; n < 60; n += 1)
      await inspector.tasks.send('ReportTasks.archive', [n < 55 ? 'of a fair' : 'other', n], { by: 'mara', delay });
    const here = await arrive();
    const { page } = here;
    const bar = page.locator('section.bulk');
    for (const [button, done] of [
      ['Move to…', 'Moved 55.'],
      ['Cancel…', 'Cancelled 55.'],
    ] as const) {
      await here.show('#/shop/tasks?state=scheduled&text=of a fair');
      await page.locator('td.pick input').first().click();
      await bar.getByRole('button', { name: 'Select all that match' }).click();
      await bar.getByText('All that match').waitFor();
      await bar.getByRole('button', { name: button }).click();
      await page.getByRole('heading', { name: / 55 tasks\?$/ }).waitFor();
      expect(await page.locator('dialog .sample').textContent()).toContain('and 50 more');
      await answer(page);
      await bar.getByText(done).waitFor();
      // it goes with its view
      await here.show('#/shop/actions');
      await bar.waitFor({ state: 'detached' });
    }
    const { tasks } = await inspector.tasks.list({ state: 'scheduled', task: 'ReportTasks.archive' });
    expect(tasks.length).toBe(5);
    expect(here.faults.take()).toEqual([]);
  });

  it('says that a redrive with other arguments is done, and calmly that a task has ended while it was shown', async () => {
    const { inspector } = stage.shop;
    await stage.shop.ask('die');
    const [first, second] = await eventually('two dead tasks', async () => {
      const { tasks } = await inspector.dead.list({ queues: ['billing'] }, { limit: 2 });
      return tasks.length === 2 ? tasks.map(({ id }) => id) : undefined;
    });
    const here = await arrive();
    const { page } = here;
    await here.show(`#/shop/task/${first}`);
    await page.getByRole('button', { name: 'Redrive edited…' }).click();
    await page.locator('dialog[open]').waitFor();
    await answer(page);
    await page
      .locator('section.bulk')
      .getByText(/^Redriven .*, edited\.$/)
      .waitFor();
    await here.show(`#/shop/task/${second}`);
    here.faults.expect(/console: Failed to load resource: .*404 .*\/api\/task\?/);
    await inspector.dead.delete(second ?? '');
    await page.getByText('It has ended: Redis has nothing more of it.').waitFor();
    expect(await page.locator('[role=alert]').count()).toBe(0);
    // what was read before stays, and cannot be pressed
    expect(
      await page.locator('.stale[inert]').getByRole('button', { name: 'Redrive…', includeHidden: true }).count(),
    ).toBe(1);
    expect(here.faults.take()).toEqual([]);
  });

  it('cuts arguments of 256 KiB, shows more of them when it is asked, and copies all', async () => {
    const one = [LONGEST, 1];
    const many = [Array.from({ length: 9_000 }, (_, n) => ({ n, sku: `shoe-${n}` })), 1];
    const here = await arrive();
    const { page } = here;
    await here.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const shown = page.locator('main pre.json');
    for (const args of [one, many]) {
      const { id } = await stage.shop.inspector.tasks.send('ReportTasks.archive', args, { by: 'mara', delay: '1h' });
      await here.show(`#/shop/task/${id}`);
      const short = ((await shown.textContent()) ?? '').length;
      expect(short).toBeLessThan(20_000);
      await page.getByRole('button', { name: 'Show more' }).click();
      const isLong = (text: string | null): true | undefined => (text ?? '').length > 100_000 || undefined;
      await eventually('the long form', async () => isLong(await shown.textContent()));
      expect(await page.getByText('Copy takes the rest, too.').count()).toBe(args === many ? 1 : 0);
      await page.getByRole('button', { name: 'Copy the arguments as JSON' }).click();
      await here.ready();
      expect(JSON.parse(await page.evaluate(() => navigator.clipboard.readText()))).toEqual(args);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    }
    expect(here.faults.take()).toEqual([]);
  });

  it('asks for the keys that a task needs, also when another was named before, and sends it with them', async () => {
    const here = await arrive();
    const { page } = here;
    await here.show('#/shop/send');
    const field = (name: string) => page.locator(`main [name="${name}"]`);
    const key = page.getByLabel('Key for the limit export');
    await field('task').fill('ReportTasks.export');
    await key.waitFor();
    expect(await field('priority').getAttribute('placeholder')).toBe('3');
    await field('task').fill('ReportTasks.archive');
    await key.waitFor({ state: 'detached' });
    expect(await field('fairKey').count()).toBe(0);
    await field('task').fill('ReportTasks.export');
    await key.fill('acme');
    await field('fairKey').fill('Acme Inc');
    await field('priority').fill('7');
    await field('args').fill('["acme"]');
    await field('delay').fill('1h');
    await page.locator('main').getByRole('button', { name: 'Send' }).click();
    await page.getByText('It was sent.').waitFor();
    const redis = new Redis(stage.shop.redis.url);
    const [labels, scheduled] = await Promise.all([
      redis.hvals('{shop}:limit-labels'),
      redis.zrange('{shop}:scheduled:bulk', '0', '-1'),
    ]);
    redis.disconnect();
    expect(labels).toEqual(['acme']);
    const [message = ''] = scheduled.filter((one) => one.includes('["ReportTasks.export"'));
    expect(tagLetters(message)).toBe('lo');
    expect(orderTagOf(message)).toEqual({ priority: 7, ageMs: 60_000, fair: fairDigest('Acme Inc') });
    expect(here.faults.take()).toEqual([]);
  });

  it('shows what a task has returned of which nothing else is left', async () => {
    const id = 'k3v9x0q2m70000000001';
    const redis = new Redis(stage.shop.redis.url);
    await redis.set(`{shop}:result:${id}`, encodeDone({ pdf: 'reports/7.pdf', pages: 12n }), 'EX', 3_600);
    redis.disconnect();
    const here = await arrive();
    await here.show(`#/shop/task/${id}`);
    const text = (await here.page.locator('main').textContent()) ?? '';
    for (const part of [id, 'How did it end?', 'It was done.', 'Redis keeps what it returned for another']) {
      expect(text).toContain(part);
    }
    const result = here.page.locator('.box', { has: here.page.getByRole('heading', { name: 'Result' }) });
    expect(await result.locator('pre').textContent()).toBe('{pdf: "reports/7.pdf", pages: 12n}\n');
    expect(await result.getByRole('button').count()).toBe(0);
    expect(here.faults.take()).toEqual([]);
  });

  it('shows another namespace at the switch, and the one of the address in another tab', async () => {
    const here = await arrive();
    const { page } = here;
    await here.show('#/shop/queues');
    const rows = page.locator('main tr[data-row]');
    await rows.first().waitFor();
    const asked: string[] = [];
    page.on('request', (request) => {
      const [, of] = /\/api\/.*\bin=(\w*)/.exec(request.url()) ?? [];
      if (of !== undefined) asked.push(of);
    });
    await page.getByRole('combobox', { name: 'Namespace' }).selectOption('archive');
    await rows.first().waitFor({ state: 'detached' });
    expect(new URL(page.url()).hash).toBe('#/archive/queues');
    expect([...new Set(asked)]).toEqual(['archive']);
    await here.show('#/archive/dead');
    const tab = await open(here.context, page.url());
    await tab.ready();
    expect(await tab.page.getByRole('combobox', { name: 'Namespace' }).inputValue()).toBe('archive');
    await tab.page.getByText('No task is dead.').waitFor();
    expect(await tab.page.locator('#side nav a').first().getAttribute('href')).toBe('#/archive/overview');
    expect([...here.faults.take(), ...tab.faults.take()]).toEqual([]);
  });

  it('explains itself to the focus, until Esc or the next one', async () => {
    const { page } = await arrive();
    const tip = page.locator('#tip');
    const explained = page.locator('[data-tip]:focus-visible');
    do await page.keyboard.press('Tab');
    while ((await explained.count()) === 0);
    await tip.waitFor();
    expect(await tip.textContent()).toBe(await explained.getAttribute('data-tip'));
    expect(await explained.getAttribute('aria-describedby')).toBe('tip');
    await page.keyboard.press('Escape');
    await tip.waitFor({ state: 'hidden' });
    expect(await explained.getAttribute('aria-describedby')).toBeNull();
  });

  it('explains itself to a finger that stays, also why a button does nothing', async () => {
    const here = await arrive('express', { who: 'viewer', hasTouch: true, viewport: { width: 412, height: 900 } });
    const { page } = here;
    await here.show('#/shop/queue/mail');
    const button = page.getByRole('button', { name: 'Pause queue mail' });
    const { x, y, width, height } = (await button.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    const fingers = await here.context.newCDPSession(page);
    const touch = (type: 'touchStart' | 'touchEnd', points: { x: number; y: number }[]): Promise<unknown> =>
      fingers.send('Input.dispatchTouchEvent', { type, touchPoints: points });
    await touch('touchStart', [{ x: x + width / 2, y: y + height / 2 }]);
    await page
      .locator('#tip')
      .getByText('viewer may not pause or resume queues and crons: the right "pause" is missing.')
      .waitFor();
    await touch('touchEnd', []);
    expect(await page.locator('#tip').isVisible()).toBe(true);
    expect(await page.locator('dialog[open]').count()).toBe(0);
    await page.locator('main h1').first().tap();
    await page.locator('#tip').waitFor({ state: 'hidden' });
    expect(here.faults.take()).toEqual([]);
  });
});
