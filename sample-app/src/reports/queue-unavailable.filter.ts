import { type ArgumentsHost, Catch, Logger, ServiceUnavailableException } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { EnqueueUnconfirmedError, type ErrorCode, NestworkError } from 'nestwork';

/** Passes by itself; everything else is a mistake in the code and stays a 500. */
const OUTAGES: readonly ErrorCode[] = ['REDIS_UNAVAILABLE', 'REDIS_OUT_OF_MEMORY'];

const APOLOGY = 'The task queue cannot be reached right now; please try again later.';

/** Answers 503 while Redis cannot take tasks; the reason is for the log, not for the client. */
@Catch(NestworkError)
export class QueueUnavailableFilter extends BaseExceptionFilter {
  private readonly logger = new Logger(QueueUnavailableFilter.name);

  override catch(error: NestworkError, host: ArgumentsHost): void {
    const outage = error instanceof EnqueueUnconfirmedError || OUTAGES.includes(error.code);
    if (outage) this.logger.error(error.message);
    super.catch(outage ? new ServiceUnavailableException(APOLOGY) : error, host);
  }
}
