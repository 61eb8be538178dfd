import { type ArgumentsHost, Catch, type ExceptionFilter, ForbiddenException } from '@nestjs/common';
import { Incoming } from '../http/incoming.js';
import { Responder } from '../http/responder.js';

const SIGNS: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** A name of a host may stand in the reason, and a browser sends any. */
function page(reason: string): string {
  const text = reason.replace(/[&<>"]/g, (sign) => SIGNS[sign] ?? '');
  return `<!doctype html><html lang="en"><title>nestwork</title><meta name="color-scheme" content="light dark"><meta name="viewport" content="width=device-width"><h1>The dashboard is closed here</h1><p>${text}</p></html>`;
}

/** Answers those whom the doorkeeper refuses: a browser that opens a page with a page, all others as Nest does. */
@Catch(ForbiddenException)
export class ClosedDoor implements ExceptionFilter<ForbiddenException> {
  catch(error: ForbiddenException, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const incoming = new Incoming(http.getRequest<object>());
    const responder = new Responder(http.getResponse<object>());
    if (!incoming.header('accept')?.includes('text/html')) return responder.json(403, error.getResponse());
    responder.text(403, 'text/html; charset=utf-8', page(error.message));
  }
}
