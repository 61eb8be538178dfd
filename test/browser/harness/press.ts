import type { Locator, Page } from 'playwright-core';
import type { Visit } from './browser.js';

/** Steps of one action: a button that asks, a preview, a last question. */
const MOST_STEPS = 4;

/** What a person writes into fields, by their names. The others stay as they are, unless they must be filled. */
const WRITTEN: Readonly<Record<string, string>> = { delay: '10m', reason: 'as tested', text: '["as tested"]' };

const ENABLED = 'button:visible:not([disabled]):not([aria-disabled=true])';

/** Buttons in the view that do something, by their words without numbers and names. */
async function buttonsIn(within: Locator): Promise<string[]> {
  const buttons = within.locator(ENABLED);
  return [...new Set((await buttons.allTextContents()).map(wordsOf))].filter(Boolean);
}

function wordsOf(text: string): string {
  return text.replace(/[\d,.]+/g, '#').trim();
}

async function buttonOf(within: Locator, words: string): Promise<Locator | undefined> {
  for (const button of await within.locator(ENABLED).all()) {
    if (wordsOf((await button.textContent()) ?? '') === words) return button;
  }
  return undefined;
}

/** Fills the fields of a form. One that offers values gets the first of them. */
async function fill(form: Locator): Promise<void> {
  for (const field of await form.locator('input:not([type=checkbox]):visible, textarea:visible').all()) {
    const name = (await field.getAttribute('name')) ?? '';
    if (WRITTEN[name] !== undefined) await field.fill(WRITTEN[name]);
    else if ((await field.getAttribute('required')) !== null && (await field.inputValue()) === '') {
      const list = await field.getAttribute('list');
      const offered = list && (await form.page().locator(`#${list} option`).first().getAttribute('value'));
      await field.fill(offered || 'as tested');
    }
  }
}

/** Answers the question that is open: fills it, types what must be typed, presses the main button. */
export async function answer(page: Page): Promise<boolean> {
  const dialog = page.locator('dialog[open]');
  if ((await dialog.count()) === 0) return false;
  const word = dialog.locator('.typed b');
  if (await word.count()) await dialog.locator('.typed input').fill((await word.textContent()) ?? '');
  await fill(dialog);
  const main = dialog.locator('button.main:not([disabled])').last();
  if (await main.count()) await main.click();
  return true;
}

/** Leaves questions that stay open, because their answer was refused, and bars of actions that are done. */
async function leave({ page }: Visit): Promise<void> {
  for (let times = 0; times < MOST_STEPS && (await page.locator('dialog[open]').count()); times += 1) {
    await page.keyboard.press('Escape');
  }
}

/** Presses one button and goes on to the end of its action. */
async function follow(visit: Visit, within: Locator, words: string): Promise<void> {
  const button = await buttonOf(within, words);
  if (!button) return;
  await fill(within);
  await button.click();
  for (let step = 0; step < MOST_STEPS; step += 1) {
    await visit.ready();
    if (await answer(visit.page)) continue;
    const next = visit.page
      .locator('section.bulk button.main:visible:not([disabled]):not([aria-disabled=true])')
      .first();
    if ((await next.count()) === 0) break;
    await next.click();
  }
  await visit.ready();
  await leave(visit);
}

/**
 * Presses every button of a view, each to the end of its action, and each again for rows that are selected.
 *
 * @returns the words of what was pressed
 */
export async function pressAll(visit: Visit, hash: string): Promise<string[]> {
  const { page } = visit;
  const fresh = async (): Promise<void> => {
    await page.goto('about:blank');
    await page.goto(visit.url + hash);
    await visit.ready();
  };
  await fresh();
  const pressed: string[] = [];
  const main = page.locator('main');
  for (const words of await buttonsIn(main)) {
    await fresh();
    await follow(visit, main, words);
    pressed.push(words);
  }
  const picks = main.locator('td.pick input:visible');
  const select = async (): Promise<boolean> => {
    await fresh();
    if ((await picks.count()) === 0) return false;
    await picks.first().click();
    return true;
  };
  const bar = page.locator('section.bulk');
  if (!(await select())) return pressed;
  for (const words of await buttonsIn(bar)) {
    if (await select()) await follow(visit, bar, words);
    pressed.push(`selected: ${words}`);
  }
  return pressed;
}

/** Presses each button of the page of a task, each on the first task of a list: an action may take its task out of it. */
export async function pressOnTasks(visit: Visit, list: string): Promise<void> {
  const main = visit.page.locator('main');
  let words: string[] | undefined;
  for (let at = 0; at < (words?.length ?? 1); at += 1) {
    await visit.show(list);
    const link = main.locator('a[href*="/task/"]').first();
    if ((await link.count()) === 0) return;
    await visit.show((await link.getAttribute('href')) ?? '');
    words ??= await buttonsIn(main);
    const next = words[at];
    if (next !== undefined) await follow(visit, main, next);
  }
}
