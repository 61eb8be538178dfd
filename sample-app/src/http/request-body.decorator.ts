import type { IncomingMessage } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

/** A request body as it came; see `main.ts`, where express is told to parse none. */
export interface RequestBody {
  readonly contentType: string;
  readonly text: string;
}

/** The body unparsed, so that one pipe can say of everything that can be wrong with it what it is. */
export const RawText = createParamDecorator((_: unknown, context: ExecutionContext): RequestBody => {
  const request = context.switchToHttp().getRequest<IncomingMessage & { body: unknown }>();
  return {
    contentType: request.headers['content-type'] ?? 'no content type',
    text: typeof request.body === 'string' ? request.body : '',
  };
});
