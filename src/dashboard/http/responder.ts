import type { ServerResponse } from 'node:http';

/**
 * Nothing inline, nothing foreign, no frame around it. It holds for data as well: somebody may open their address as a page.
 */
const SAFETY: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** A reply of Fastify, as far as it is needed here. */
interface FastifyReplyLike {
  readonly raw: ServerResponse;
  readonly sent: boolean;
  hijack(): void;
  getHeaders(): Record<string, number | string | string[] | undefined>;
}

/**
 * Writes an answer to the response of Node beneath Express and Fastify: so interceptors that wrap answers, serializers and
 * platforms change nothing about it. Headers that others have set before, such as those of CORS, are kept; those of safety win.
 *
 * Until the answer begins, the response belongs to the platform: a filter of the app may answer first, and this one is then
 * dropped.
 */
export class Responder {
  /** resolves when the answer has begun */
  readonly begun: Promise<void>;
  private hasBegun = false;
  private readonly raw: ServerResponse;
  private readonly begin: () => void;

  constructor(private readonly response: object) {
    this.raw = isReply(response) ? response.raw : (response as ServerResponse);
    const { promise, resolve } = latch();
    this.begun = promise;
    this.begin = resolve;
  }

  /** Calls a function when the connection closes before the answer has ended; at once if it closed while a guard decided. */
  onGone(gone: () => void): void {
    if (this.raw.destroyed && !this.raw.writableFinished) return gone();
    this.raw.once('close', () => {
      if (!this.raw.writableFinished) gone();
    });
  }

  json(status: number, body: unknown): void {
    this.text(status, 'application/json; charset=utf-8', JSON.stringify(body));
  }

  text(status: number, type: string, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): void {
    if (this.start(status, { ...headers, 'content-type': type })) this.raw.end(body);
  }

  /** The browser has it already. */
  unchanged(headers: Readonly<Record<string, string>>): void {
    if (this.start(304, headers)) this.raw.end();
  }

  /** Begins an answer that comes in pieces. A proxy or a compression that collected them would hold them back. */
  stream(type: string): (piece: string) => boolean {
    const headers = { 'content-type': type, 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' };
    if (!this.start(200, headers)) return () => false;
    this.raw.flushHeaders();
    return (piece) => this.raw.write(piece);
  }

  /** Resolves when the reader has taken what was written, or has gone. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.raw.off('drain', done).off('close', done);
        resolve();
      };
      if (this.raw.destroyed || !this.raw.writableNeedDrain) resolve();
      else this.raw.on('drain', done).on('close', done);
    });
  }

  end(): void {
    this.raw.end();
  }

  /** Ends an answer for an error. One that has begun is cut off, so that nobody takes it for whole. */
  fail(status: number, body: unknown): void {
    if (this.hasBegun) this.raw.destroy();
    else this.json(status, body);
  }

  get isOpen(): boolean {
    return !this.raw.destroyed && !this.raw.writableEnded;
  }

  /** @returns false where somebody else has answered, or nobody is left to answer */
  private start(status: number, headers: Readonly<Record<string, string>>): boolean {
    const { raw, response } = this;
    const isTaken = raw.headersSent || raw.destroyed || (isReply(response) && response.sent);
    this.begin();
    if (isTaken) return false;
    this.hasBegun = true;
    if (isReply(response)) takeFrom(response);
    raw.statusCode = status;
    for (const [name, value] of Object.entries({ 'cache-control': 'no-store', ...headers, ...SAFETY })) {
      // CORS may have named another header already
      if (name === 'vary') raw.appendHeader(name, value);
      else raw.setHeader(name, value);
    }
    return true;
  }
}

function isReply(response: object): response is FastifyReplyLike {
  return 'raw' in response && 'hijack' in response;
}

function takeFrom(reply: FastifyReplyLike): void {
  const headers = reply.getHeaders();
  reply.hijack();
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) reply.raw.setHeader(name, value);
}

function latch(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
