import type { IncomingMessage } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

/** A request body as it came; see `main.ts`, where the parsers of express are off. */
export interface RequestBody {
  readonly contentType: string;
  readonly text: string;
}

/** The body unparsed, so that one pipe can name every fault in it. */
export const RawText = createParamDecorator((_: unknown, context: ExecutionContext): RequestBody => {
  const request = context.switchToHttp().getRequest<IncomingMessage & { body: unknown }>();
  return {
    contentType: request.headers['content-type'] ?? 'no content type',
    text: typeof request.body === 'string' ? request.body : '',
  };
});
