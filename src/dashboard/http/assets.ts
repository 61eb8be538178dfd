import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Incoming } from './incoming.js';
import type { Responder } from './responder.js';

/** The files of the page, and their types; `groups.js`, `cron.js`, `crons.js`, `limits.js` and `send.js` are loaded when their view is first opened. They are built, compressed, into `dist/dashboard/assets`, but for icons with a sign. */
export const ASSETS = {
  'main.js': 'text/javascript; charset=utf-8',
  'groups.js': 'text/javascript; charset=utf-8',
  'cron.js': 'text/javascript; charset=utf-8',
  'crons.js': 'text/javascript; charset=utf-8',
  'limits.js': 'text/javascript; charset=utf-8',
  'send.js': 'text/javascript; charset=utf-8',
  'style.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
  'problem.svg': 'image/svg+xml',
  'notice.svg': 'image/svg+xml',
} as const;

export type AssetName = keyof typeof ASSETS;

/** The tab has the icon by the verdict: a shape at the corner of it. */
const SIGNS: Readonly<Record<string, string>> = {
  'problem.svg':
    '<path d="M9.5 8.5h6v6h-6z" fill="#b9203a" stroke="#fff" stroke-width="1"/><path d="M11 10l3 3m0-3l-3 3" stroke="#fff" stroke-width="1.2"/>',
  'notice.svg':
    '<path d="M12.2 8l3.5 3.5-3.5 3.5-3.5-3.5z" fill="#8a5600" stroke="#fff" stroke-width="1"/><path d="M11.4 10.3v2.4m1.6-2.4v2.4" stroke="#fff" stroke-width=".9"/>',
};

interface Asset {
  readonly bytes: Buffer;
  readonly zipped: Buffer;
  readonly tag: string;
}

/** Serves the page and its files as they were compressed when they were built. A browser asks each time whether a file has changed: nothing of a new version is missed. */
export class Assets {
  private readonly read = new Map<string, Asset>();

  constructor(private readonly directory: URL) {}

  /** The page finds its files beside itself, whatever prefix or proxy is before it. */
  page(incoming: Incoming, responder: Responder): void {
    const last = incoming.url.pathname.split('/').at(-1);
    const base = last ? `${last}/` : '';
    const page = this.file('index.html').bytes.toString().replaceAll('./assets/', `${base}assets/`);
    responder.text(200, 'text/html; charset=utf-8', page, { 'cache-control': 'no-cache' });
  }

  asset(name: AssetName, incoming: Incoming, responder: Responder): void {
    const { bytes, zipped, tag } = this.file(name);
    const headers = { 'cache-control': 'no-cache', etag: tag, vary: 'accept-encoding' };
    if (has(incoming.header('if-none-match'), tag)) return responder.unchanged(headers);
    if (!takesGzip(incoming.header('accept-encoding'))) return responder.text(200, ASSETS[name], bytes, headers);
    return responder.text(200, ASSETS[name], zipped, { ...headers, 'content-encoding': 'gzip' });
  }

  private file(name: string): Asset {
    const known = this.read.get(name);
    if (known) return known;
    const zipped = this.zipped(name);
    const bytes = gunzipSync(zipped);
    const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 20)}"`;
    const asset = { bytes, zipped, tag };
    this.read.set(name, asset);
    return asset;
  }

  private zipped(name: string): Buffer {
    const sign = SIGNS[name];
    if (sign === undefined) return readFileSync(new URL(`${name}.gz`, this.directory));
    return gzipSync(this.file('icon.svg').bytes.toString().replace('</svg>', `${sign}</svg>`));
  }
}

/** A proxy that compresses makes weak tags of ours. */
function has(tags: string | undefined, tag: string): boolean {
  return (tags ?? '').split(',').some((each) => each.trim().replace(/^W\//, '') === tag);
}

function takesGzip(encodings: string | undefined): boolean {
  return (encodings ?? '').split(',').some((each) => /^\s*gzip\s*(;(?!\s*q=0(\.0*)?\s*$)|$)/i.test(each));
}
