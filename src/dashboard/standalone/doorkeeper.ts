import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { type CanActivate, type ExecutionContext, ForbiddenException } from '@nestjs/common';
import { Incoming } from '../http/incoming.js';
import type { Responder } from '../http/responder.js';

/** The page goes on by itself: a redirect would come without the cookie where a link of another site has led here. */
const OPENED =
  '<!doctype html><html lang="en"><title>nestwork</title><meta name="color-scheme" content="light dark"><a href="./">Open the dashboard</a></html>';

/**
 * Lets those in who have the token of the address that the command printed. Their browser then keeps it in a cookie, which no
 * script and no other site can use.
 */
export class Doorkeeper implements CanActivate {
  readonly token = randomBytes(24).toString('base64url');
  /** of the server; browsers send a cookie to all ports of a host */
  port = 0;

  /** @param host the name or address that the server listens on */
  constructor(private readonly host: string) {}

  /** @throws ForbiddenException */
  canActivate(context: ExecutionContext): boolean {
    const incoming = new Incoming(context.switchToHttp().getRequest<object>());
    if (!this.isOurHost(incoming)) throw new ForbiddenException(this.wrongHost(incoming));
    if (this.cookiesOf(incoming).some((value) => this.isToken(value))) return true;
    throw new ForbiddenException(
      'Open the address that nestwork dashboard has printed in its terminal: its token lets you in.',
    );
  }

  /** Answers the address that was printed. */
  open(incoming: Incoming, responder: Responder): void {
    const plain = 'text/plain; charset=utf-8';
    if (!this.isOurHost(incoming)) return responder.text(403, plain, this.wrongHost(incoming));
    const token = incoming.url.searchParams.get('token') ?? '';
    if (!this.isToken(token)) {
      return responder.text(403, plain, 'The token is of another run. Open the address that the last one has printed.');
    }
    responder.text(200, 'text/html; charset=utf-8', OPENED, {
      'set-cookie': `${this.cookie}=${this.token}; HttpOnly; SameSite=Strict; Path=/`,
      refresh: '0; url=./',
    });
  }

  /** A page of another site may give its own name the address of this machine. */
  private isOurHost(incoming: Incoming): boolean {
    const name = nameOf(incoming);
    if (name === undefined) return false;
    return isIP(name) !== 0 || [this.host, 'localhost', hostname()].some((own) => own.toLowerCase() === name);
  }

  private wrongHost(incoming: Incoming): string {
    return `The dashboard is not on ${nameOf(incoming) ?? 'a host without a name'}. Start it with --host and that name.`;
  }

  private get cookie(): string {
    return `nestwork-${this.port}`;
  }

  private cookiesOf(incoming: Incoming): string[] {
    const cookies = (incoming.header('cookie') ?? '').split(';').map((each) => each.trim().split('='));
    return cookies.filter(([name]) => name === this.cookie).map(([, value = '']) => value);
  }

  private isToken(given: string): boolean {
    return timingSafeEqual(digest(given), digest(this.token));
  }
}

/** In lower case, without the port and the brackets of IPv6. */
function nameOf(incoming: Incoming): string | undefined {
  const [, ip, name] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(incoming.header('host') ?? '') ?? [];
  return (ip ?? name)?.toLowerCase();
}

/** Comparable in constant time, whatever its length was. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
