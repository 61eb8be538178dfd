import { type ArgumentsHost, Catch, Logger, NotFoundException, ServiceUnavailableException } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { EnqueueUnconfirmedError, type ErrorCode, NestworkError } from 'nestwork';

/** Passes by itself; everything else is a mistake in the code and stays a 500. */
const OUTAGES: readonly ErrorCode[] = ['REDIS_UNAVAILABLE', 'REDIS_TIMEOUT', 'REDIS_OUT_OF_MEMORY'];

/** The id has a typing error, or is too old. */
const UNKNOWN: readonly ErrorCode[] = ['INVALID_TASK_ID', 'UNKNOWN_CRON', 'GROUP_UNKNOWN'];

const APOLOGY = 'The task queue cannot be reached right now; please try again later.';

/** Answers 503 while Redis is away or full, which is for the log and not for the client; 404 for a task, a flow or a cron that does not exist. */
@Catch(NestworkError)
export class LibraryErrorFilter extends BaseExceptionFilter {
  private readonly logger = new Logger(LibraryErrorFilter.name);

  override catch(error: NestworkError, host: ArgumentsHost): void {
    const outage = error instanceof EnqueueUnconfirmedError || OUTAGES.includes(error.code);
    if (outage) this.logger.error(error.message);
    super.catch(outage ? new ServiceUnavailableException(APOLOGY) : inHttp(error), host);
  }
}

function inHttp(error: NestworkError): Error {
  return UNKNOWN.includes(error.code) ? new NotFoundException('There is no task, flow or cron of this name.') : error;
}
