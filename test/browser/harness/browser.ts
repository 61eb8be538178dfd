import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
  type Request,
} from 'playwright-core';
import { eventually } from './shop.js';

const tools = new URL('../../../tools/chromium.mjs', import.meta.url).href;
const { findChromium } = (await import(tools)) as { findChromium(): Promise<string | undefined> };

/** The path of a Chromium; undefined where there is none, and the browser tests are left out. */
export const CHROMIUM = await findChromium();

/** The screen of a phone, for `visit`. */
export const PHONE = { viewport: { width: 360, height: 760 }, hasTouch: true, isMobile: true };

const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // nothing but this machine can be reached
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** A browser with a profile of its own, which is gone when it is closed. */
export function launch(): Promise<Browser> {
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: CHROMIUM ?? '', args: [...FLAGS, ...sandbox] });
}

/** Requests of a page that are under way, without the stream of events, which never ends. */
class Requests {
  private readonly open = new Set<Request>();

  constructor(private readonly page: Page) {
    page.on('request', (request) => {
      if (!request.url().includes('/api/live')) this.open.add(request);
    });
    for (const event of ['requestfinished', 'requestfailed'] as const) {
      page.on(event as 'requestfinished', (request) => this.open.delete(request));
    }
  }

  /** The page shows what it has asked for: nothing is asked, and it has drawn twice since. */
  async answered(): Promise<void> {
    await eventually('answers to all requests', async () => {
      if (this.open.size > 0) return undefined;
      await this.page.evaluate(
        () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
      );
      return this.open.size === 0 || undefined;
    });
  }
}

/** What happened on a page that must not happen on any. */
export class Faults {
  private readonly found: string[] = [];
  private expected: RegExp[] = [];

  constructor(
    private readonly page: Page,
    private readonly origin: string,
  ) {
    page.on('pageerror', (error) => this.add(`error: ${error.stack ?? error.message}`));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) {
        this.add(`console: ${message.text()} ${message.location().url}`);
      }
    });
    page.on('dialog', (dialog) => {
      this.add(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== this.origin) this.add(`foreign request: ${request.url()}`);
    });
  }

  /** From now on, what matches is no fault: a refused request is one to the console. */
  expect(...patterns: readonly RegExp[]): void {
    this.expected = [...this.expected, ...patterns];
  }

  /** All until now; the list begins anew. */
  take(): string[] {
    return this.found.splice(0);
  }

  private add(fault: string): void {
    if (!this.expected.some((pattern) => pattern.test(fault))) this.found.push(`${fault} (at ${this.page.url()})`);
  }
}

/** A page of the dashboard, with what went wrong on it. */
export class Visit {
  readonly faults: Faults;
  private readonly requests: Requests;

  constructor(
    readonly page: Page,
    readonly context: BrowserContext,
    readonly url: string,
  ) {
    this.faults = new Faults(page, new URL(url).origin);
    this.requests = new Requests(page);
  }

  /** Shows a view, `#/shop/queues`, and waits until all of it is there. */
  async show(hash: string): Promise<void> {
    await this.page.evaluate(async (to) => {
      const frame = (): Promise<unknown> => new Promise((shown) => requestAnimationFrame(shown));
      const turn = (): Promise<unknown> => new Promise((over) => setTimeout(over));
      location.hash = to;
      // the view before stays until the page has taken up the new address; its effects, which ask the server, follow a frame
      await turn();
      await frame();
      await frame();
      await turn();
    }, hash);
    await this.ready();
  }

  async ready(): Promise<void> {
    await this.page.locator('main').waitFor();
    await this.requests.answered();
    // a button is busy for as long as its question is open
    await this.page.waitForFunction(
      () => document.querySelector('dialog[open]') || !document.querySelector('main [aria-busy=true]'),
    );
  }
}

/**
 * A browser profile of its own for somebody.
 *
 * @param who as the app of the fixture reads it from the cookie
 */
export async function visit(
  browser: Browser,
  url: string,
  { who = 'mara', ...options }: BrowserContextOptions & { readonly who?: string } = {},
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB', ...options });
  await become(context, url, who);
  return open(context, url);
}

/** Another tab of the same person. */
export async function open(context: BrowserContext, url: string): Promise<Visit> {
  const tab = new Visit(await context.newPage(), context, url);
  await tab.page.goto(url);
  return tab;
}

/** From now on, the requests of all tabs come from this person. */
export async function become(context: BrowserContext, url: string, who: string): Promise<void> {
  await context.addCookies([{ name: 'who', value: encodeURIComponent(who), url: new URL(url).origin }]);
}
