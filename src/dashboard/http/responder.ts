import type { ServerResponse } from 'node:http';

/**
 * Nothing inline, nothing foreign, no frame around it. It holds for data as well: somebody may open their address as a page.
 */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
};

/** A reply of Fastify, as far as it is needed here. */
interface FastifyReplyLike {
  readonly raw: ServerResponse;
  hijack(): void;
  getHeaders(): Record<string, number | string | string[] | undefined>;
}

/**
 * Writes an answer to the response of Node beneath Express and Fastify: so interceptors that wrap answers, serializers and
 * platforms change nothing about it. Headers that others have set before, such as those of CORS, are kept.
 */
export class Responder {
  private readonly response: ServerResponse;

  constructor(response: object) {
    this.response = isReply(response) ? hijacked(response) : (response as ServerResponse);
    for (const [name, value] of Object.entries(HEADERS)) this.response.setHeader(name, value);
  }

  /** Calls a function when the connection closes before the answer has ended. */
  onGone(gone: () => void): void {
    this.response.once('close', () => {
      if (!this.response.writableFinished) gone();
    });
  }

  json(status: number, body: unknown): void {
    this.text(status, 'application/json; charset=utf-8', JSON.stringify(body));
  }

  text(status: number, type: string, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): void {
    if (this.response.headersSent || this.response.destroyed) return;
    this.start(status, type, headers);
    this.response.end(body);
  }

  /** Begins an answer that comes in pieces. A proxy or a compression that collected them would hold them back. */
  stream(type: string): (piece: string) => boolean {
    this.start(200, type, { 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' });
    this.response.flushHeaders();
    return (piece) => this.response.write(piece);
  }

  /** Resolves when the reader has taken what was written, or has gone. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.response.off('drain', done).off('close', done);
        resolve();
      };
      if (this.response.destroyed || !this.response.writableNeedDrain) resolve();
      else this.response.on('drain', done).on('close', done);
    });
  }

  end(): void {
    this.response.end();
  }

  get isOpen(): boolean {
    return !this.response.destroyed && !this.response.writableEnded;
  }

  private start(status: number, type: string, headers: Readonly<Record<string, string>>): void {
    this.response.statusCode = status;
    const all = { 'cache-control': 'no-store', ...headers, 'content-type': type };
    for (const [name, value] of Object.entries(all)) this.response.setHeader(name, value);
  }
}

function isReply(response: object): response is FastifyReplyLike {
  return 'raw' in response && 'hijack' in response;
}

function hijacked(reply: FastifyReplyLike): ServerResponse {
  const headers = reply.getHeaders();
  reply.hijack();
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) reply.raw.setHeader(name, value);
  return reply.raw;
}
