import {
  Controller,
  Get,
  Headers,
  HttpCode,
  HttpStatus,
  Param,
  Post,
  Query,
  ServiceUnavailableException,
} from '@nestjs/common';

/** A call that came, and how it was answered. */
export interface ReceivedCall {
  readonly taskId: string;
  readonly attempt: number;
  /** milliseconds since 1970 */
  readonly at: number;
  readonly answered: number;
}

/** A receiver of webhooks that is out of order for its first calls, as receivers are: to try `callWebhook` with. */
@Controller('flaky-receiver/:name')
export class FlakyReceiverController {
  private readonly calls = new Map<string, ReceivedCall[]>();

  @Post()
  @HttpCode(HttpStatus.NO_CONTENT)
  receive(
    @Param('name') name: string,
    @Query('failures') failures: string,
    @Headers('x-task-id') taskId: string,
    @Headers('x-attempt') attempt: string,
  ): void {
    const calls = this.received(name);
    const answered = calls.length < Number(failures) ? HttpStatus.SERVICE_UNAVAILABLE : HttpStatus.NO_CONTENT;
    this.calls.set(name, [...calls, { taskId, attempt: Number(attempt), at: Date.now(), answered }]);
    if (answered !== HttpStatus.NO_CONTENT) throw new ServiceUnavailableException('Out of order.');
  }

  @Get()
  received(@Param('name') name: string): readonly ReceivedCall[] {
    return this.calls.get(name) ?? [];
  }
}
