import type { Logger } from '@nestjs/common';
import { NestworkError } from '../../errors.js';
import { TextError } from '../arguments/json-reader.js';
import type { DashboardAction } from '../rights.js';
import { denial, REMEDY } from './denials.js';

/** An answer that is no success. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly remedy: readonly string[] = [],
  ) {
    super(message);
  }

  /** The person may not do it. */
  static right(action: DashboardAction, by: string): Refused {
    return new Refused(403, 'NOT_ALLOWED', denial(action, by), [REMEDY]);
  }
}

/** What the page gets of an error. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly remedy: readonly string[];
}

/** The fault is with Redis, or with what is in it, and not with the request. */
const OF_REDIS = /^(REDIS_|FOREIGN_KEYS$)/;

function statusOf(code: string): number {
  if (OF_REDIS.test(code)) return 503;
  return code.startsWith('UNKNOWN_') ? 404 : 400;
}

/** The message of an error has its code, and its remedies below. */
export function wireOf({ code, message }: NestworkError): WireError {
  const [what = '', ...rest] = message.split('\n');
  const remedy = rest.filter((line) => line.startsWith('- ')).map((line) => line.slice(2));
  return { code, message: what.replace(` [${code}]`, ''), remedy };
}

/** How an error is answered. One that is no affair of the person goes into the log, and the answer says no more than that. */
export function answerOf(error: unknown, log: Logger): { readonly status: number; readonly body: WireError } {
  if (error instanceof Refused) {
    const { status, code, message, remedy } = error;
    return { status, body: { code, message, remedy } };
  }
  if (error instanceof TextError) {
    return { status: 400, body: { code: 'INVALID_ARGUMENTS', message: `${error.message}.`, remedy: [] } };
  }
  if (error instanceof NestworkError) {
    return { status: statusOf(error.code), body: wireOf(error) };
  }
  log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  const message = 'The dashboard failed. The log of the app says why.';
  return { status: 500, body: { code: 'FAILED', message, remedy: [] } };
}
