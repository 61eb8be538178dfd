import type { Locator, Page } from 'playwright-core';
import type { Visit } from './browser.js';

/** Steps of one action: a button that asks, a preview, a last question. */
const MOST_STEPS = 4;

/** What a person writes into fields, by their names. The others stay as they are, unless they must be filled. */
const WRITTEN: Readonly<Record<string, string>> = {
  delay: '10m',
  concurrency: '3',
  reason: 'as tested',
  text: '["as tested"]',
};

const ENABLED = 'button:visible:not([disabled]):not([aria-disabled=true])';
const BAR = 'section.bulk';

/** Buttons that are pressed together, each to the end of its action. */
export interface Buttons {
  /** views of one kind with the same buttons, for each button another one: what is done to a task may take it out of its list */
  readonly views: readonly string[];
  /** where the buttons are: all of the view when it is not given */
  readonly within?: string;
  /** the buttons are those of the bar for rows that are selected */
  readonly isForSelected?: boolean;
}

/** The words of buttons that can be pressed, without numbers. Buttons with an icon copy something. */
async function wordsIn(within: Locator): Promise<string[]> {
  const texts = await within.locator(ENABLED).allTextContents();
  return [...new Set(texts.map((text) => text.replace(/[\d,.]+/g, '#').trim()))].filter((words) => /\w/.test(words));
}

function buttonOf(within: Locator, words: string): Locator {
  const text = words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/#/g, '[\\d,.]+');
  return within
    .locator(ENABLED)
    .filter({ hasText: new RegExp(`^\\s*${text}\\s*$`) })
    .first();
}

/** Fills the fields of a form. One that offers values gets the first of them. */
async function fill(form: Locator): Promise<void> {
  for (const field of await form.locator('[name]:is(input:not([type=checkbox]), textarea):visible').all()) {
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

/** Shows a view as if it were opened: nothing is selected, no question is open, no result is shown. */
async function begin(visit: Visit, hash: string): Promise<void> {
  const { page } = visit;
  for (let times = 0; times < MOST_STEPS && (await page.locator('dialog[open]').count()); times += 1) {
    await page.keyboard.press('Escape');
  }
  const done = page.locator(`${BAR} button:text-is("Done")`);
  if (await done.count()) await done.click();
  // a view that is shown already stays as it is
  if (new URL(page.url()).hash === hash) await visit.show('#/shop/actions');
  await visit.show(hash);
}

/** Goes to where the buttons are. */
async function arrive(visit: Visit, { views, within = 'main', isForSelected }: Buttons, at: number): Promise<Locator> {
  const hash = views[at % views.length];
  if (hash === undefined) throw new Error(`The shop has no view for "${within}" after ${visit.page.url()}.`);
  await begin(visit, hash);
  if (!isForSelected) return visit.page.locator(within);
  await visit.page.locator('td.pick input').first().click();
  return visit.page.locator(BAR);
}

/** A button with these words, in the view whose turn it is or the next one that has it: not each error has many lines. */
async function find(visit: Visit, buttons: Buttons, words: string, turn: number): Promise<Locator | undefined> {
  for (let at = turn; at < turn + buttons.views.length; at += 1) {
    const button = buttonOf(await arrive(visit, buttons, at), words);
    if ((await button.count()) > 0) return button;
  }
  return undefined;
}

/**
 * Presses each button once, and answers what it asks.
 *
 * @returns those that could not be pressed when it was their turn
 */
export async function pressAll(visit: Visit, buttons: Buttons): Promise<string[]> {
  const missed: string[] = [];
  const all = await wordsIn(await arrive(visit, buttons, 0));
  for (const [turn, words] of all.entries()) {
    const button = await find(visit, buttons, words, turn);
    if (button === undefined) {
      missed.push(`${words} at ${visit.page.url()}`);
      continue;
    }
    await fill(visit.page.locator('main'));
    await button.click();
    for (let step = 0; step < MOST_STEPS; step += 1) {
      await visit.ready();
      if (!(await answer(visit.page))) break;
    }
    await visit.ready();
  }
  return missed;
}
