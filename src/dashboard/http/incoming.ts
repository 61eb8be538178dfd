import type { IncomingMessage } from 'node:http';
import { Refused } from './refused.js';

/** More than any payload takes, and less than a process notices. */
const MOST_BYTES = 2 * 1024 * 1024;

/** A request of Express or Fastify, read without the decorators of Nest: the app's global pipes would change what they bring. */
export class Incoming {
  private readonly message: IncomingMessage;

  constructor(private readonly request: object) {
    this.message = (request as { raw?: IncomingMessage }).raw ?? (request as IncomingMessage);
  }

  /** as the browser sent it, and not what a router left of it */
  get url(): URL {
    const { originalUrl } = this.request as { originalUrl?: string };
    return new URL(`http://host${originalUrl ?? this.message.url ?? '/'}`);
  }

  header(name: string): string | undefined {
    const value = this.message.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  get method(): string {
    return this.message.method ?? 'GET';
  }

  /**
   * A page of another origin can send a POST with the cookies of this app, but not with these headers.
   *
   * @throws Refused
   */
  assertSameOrigin(): void {
    // browsers that send no Sec-Fetch-Site send an Origin with every POST
    if (this.isSameOrigin ?? false) return;
    throw otherOrigin('nothing was done');
  }

  /**
   * An app may let pages of any origin read its answers. These are for its own page, and for people and programs without one.
   *
   * @throws Refused
   */
  assertNotForeign(): void {
    if (this.header('sec-fetch-site') === 'none' || (this.isSameOrigin ?? true)) return;
    throw otherOrigin('nothing is shown');
  }

  /** undefined where the request does not say */
  private get isSameOrigin(): boolean | undefined {
    const site = this.header('sec-fetch-site');
    if (site !== undefined) return site === 'same-origin';
    const origin = this.header('origin');
    if (origin === undefined) return undefined;
    const host = this.header('host') ?? this.header(':authority');
    return host !== undefined && URL.canParse(origin) && new URL(origin).host === host;
  }

  /**
   * The JSON object that was sent. An app may parse bodies as JSON, as text, as bytes or not at all.
   *
   * @throws Refused
   */
  async body(): Promise<Readonly<Record<string, unknown>>> {
    if (!/^application\/json\s*(;|$)/i.test(this.header('content-type') ?? '')) {
      throw new Refused(415, 'NO_JSON', 'The body is not application/json, so nothing was done.');
    }
    const { body } = this.request as { body?: unknown };
    const value =
      typeof body === 'string' || Buffer.isBuffer(body) ? parsed(String(body)) : (body ?? (await this.rest()));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    throw new Refused(400, 'NO_JSON', 'The body is not a JSON object, so nothing was done.');
  }

  private async rest(): Promise<unknown> {
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of this.message) {
      size += piece.length;
      if (size > MOST_BYTES) throw new Refused(413, 'TOO_LARGE', 'The body is larger than 2 MiB, so nothing was done.');
      pieces.push(piece);
    }
    return parsed(Buffer.concat(pieces).toString());
  }
}

function otherOrigin(so: string): Refused {
  return new Refused(403, 'OTHER_ORIGIN', `The request came from a page of another origin, so ${so}.`, [
    'Behind a proxy without TLS, let it pass on the header Host.',
  ]);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused(400, 'NO_JSON', 'The body cannot be read as JSON, so nothing was done.');
  }
}
