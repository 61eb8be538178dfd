/**
 * Takes a picture of every screen of the dashboard, light and dark, on a desktop and on a phone, into build/screenshots/. They show
 * the shop of the browser tests: real workers that have run real tasks. Takes about four minutes.
 *
 *   npm run screenshots
 *   npm run screenshots -- --readme    those of the README and of the documents as well, into docs/images/
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { buildIfNeeded, runPackage } from './build.mjs';
import { Failure, ROOT, runTool } from './run.mjs';
import { setup } from './setup.mjs';

const TARGET = join(ROOT, 'build/screenshots');
const IMAGES = join(ROOT, 'docs/images');
const HARNESS = '../build/browser/harness';
const DEVICES = {
  desktop: { viewport: { width: 1440, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
};
const THEMES = ['light', 'dark'];
const MINUTES = 60;
/** Children report their counts after 2 s. */
const ROUND_MS = 2_200;

const thisMinute = () => Math.floor(Date.now() / 60_000);
const countsOf = (minute) => `{shop}:metrics:${minute}`;

await runTool(async () => {
  const { chromium } = await setup({ browser: true });
  if (!chromium) throw new Failure('Pictures need a Chromium.');
  process.env.CHROMIUM_PATH = chromium;
  await buildIfNeeded();
  await runPackage('typescript/bin/tsc', '-p', 'test/browser/fixtures');
  const { Shop } = await import(`${HARNESS}/shop.js`);
  const { launch } = await import(`${HARNESS}/browser.js`);
  const shop = await Shop.start(['express']);
  const browser = await launch();
  try {
    await shop.fill();
    console.log(`The shop works for ${MINUTES} minutes of ${ROUND_MS / 1_000} s ...`);
    await workForAnHour(shop);
    await takeAll(browser, shop);
    if (process.argv.includes('--readme')) await takeForReadme(browser, shop);
  } finally {
    await browser.close();
    await shop.stop();
  }
});

/** Counts are kept by minute. Nobody waits an hour for a picture: the counts of each round become those of a minute of the past. */
async function workForAnHour(shop) {
  const redis = new Redis(shop.redis.url);
  for (let ago = MINUTES - 1; ago > 0; ago -= 1) {
    const busy = 1.6 + Math.sin(ago / 9);
    for (let times = 0; times < busy; times += 1) await shop.ask('work');
    await delay(ROUND_MS);
    await putAside(shop, redis, `round-${ago}`);
  }
  // only now: a minute that began meanwhile would leave a hole
  for (let ago = MINUTES - 1; ago > 0; ago -= 1) {
    const aside = countsOf(`round-${ago}`);
    if (await redis.exists(aside)) await redis.rename(aside, countsOf(thisMinute() - ago));
  }
  redis.disconnect();
}

async function putAside(shop, redis, round) {
  const { queues } = await shop.inspector.status();
  // in the first seconds of a minute most counts are in the one before; the next round takes what is in this one
  for (const from of [thisMinute() - 1, thisMinute()].map(countsOf)) {
    if (!(await redis.exists(from))) continue;
    for (const { queue, pending, scheduled } of queues) {
      await redis.hset(from, queue, `pending ${pending} quarantined 0 scheduled ${scheduled} oldest 0`);
    }
    await redis.rename(from, countsOf(round));
    await redis.expire(countsOf(round), 3 * 3_600);
    return;
  }
}

async function takeAll(browser, shop) {
  const { visit } = await import(`${HARNESS}/browser.js`);
  const { crawl } = await import(`${HARNESS}/views.js`);
  await rm(TARGET, { recursive: true, force: true });
  await mkdir(TARGET, { recursive: true });
  const first = await visit(browser, shop.url('express'));
  const views = await crawl(first, async () => {});
  await first.context.close();
  const screens = [...views].filter(([kind]) => !kind.includes('?'));
  for (const [device, options] of Object.entries(DEVICES)) {
    for (const colorScheme of THEMES) {
      const tab = await visit(browser, shop.url('express'), { ...options, colorScheme });
      await tab.ready();
      for (const [kind, hash] of screens) {
        await tab.show(hash);
        const name = kind.replace('/…', '-one');
        await tab.page.screenshot({ path: join(TARGET, `${name}-${device}-${colorScheme}.png`), fullPage: true });
      }
      await tab.context.close();
    }
  }
  console.log(`${screens.length} screens: see ${TARGET}`);
}

async function takeForReadme(browser, shop) {
  await mkdir(IMAGES, { recursive: true });
  await takeForPage(browser, shop, { name: 'dashboard', hash: '#/shop/overview', height: 900 });
  await holdBack(shop);
  await takeForPage(browser, shop, { name: 'limits', hash: '#/shop/limits', height: 520 });
}

async function takeForPage(browser, shop, { name, hash, height }) {
  const { visit } = await import(`${HARNESS}/browser.js`);
  for (const colorScheme of THEMES) {
    const viewport = { ...DEVICES.desktop.viewport, height };
    const tab = await visit(browser, shop.url('express'), { viewport, colorScheme });
    await tab.ready();
    await tab.show(hash);
    await tab.page.screenshot({ path: join(IMAGES, `${name}${colorScheme === 'dark' ? '-dark' : ''}.png`) });
    await tab.context.close();
  }
}

/** Sets limits of queues, and resolves when tasks wait for one. */
async function holdBack(shop) {
  const { limits } = shop.inspector;
  await limits.set('queue critical', { rate: '10/m' }, { for: '8h', by: 'mara' });
  await limits.set('queue images', { concurrency: 4 }, { by: 'jonas' });
  await shop.ask('work');
  while (!(await limits.get('queue critical')).opensAt) await delay(100);
}
