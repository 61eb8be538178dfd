import type { IncomingMessage } from 'node:http';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';

const LOCAL_ADDRESSES = ['127.0.0.1', '::1', '::ffff:127.0.0.1'];
const LOCAL_NAMES = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * Lets in who sits at this machine: an app without accounts has nobody else to let in. The name of the host counts as well as the
 * address, because a foreign page can have a name of its own resolve to 127.0.0.1, and would then read and write as one of ours.
 */
@Injectable()
export class LocalGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { socket, headers } = context.switchToHttp().getRequest<IncomingMessage>();
    const name = headers.host?.replace(/:\d+$/, '') ?? '';
    return LOCAL_ADDRESSES.includes(socket.remoteAddress ?? '') && LOCAL_NAMES.includes(name);
  }
}
