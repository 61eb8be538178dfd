/**
 * The arguments of crons as the compiler must accept them, and as it must refuse them; `tsc --noEmit` is the test. Nothing here runs.
 */
import { applyDecorators, Injectable } from '@nestjs/common';
import { Cron, type CronOptions, Interval, Task } from '../../src/index.js';

const nightly: CronOptions = { overlap: 'skip' };

export class Settings {
  readonly at: string = '0 8 * * *';
}

@Injectable()
export class ReportTasks {
  @Task()
  @Cron('0 8 * * *', { name: 'eu', args: ['eu', [1, 2], { since: new Date(0), full: true }] })
  @Interval('1h', { name: 'us', args: ['us', []] })
  @Interval('asia', '1h', { args: ['us', [3]] })
  @Cron.from(Settings, ({ at }) => at, { name: 'configured', args: ['eu', [4]] })
  send(_region: 'eu' | 'us', _ids: number[], _options?: { since: Date; full: boolean }): void {}

  @Cron('0 8 * * *', nightly)
  plain(): void {}

  @applyDecorators(Cron('0 8 * * *', nightly), Interval('1h', { name: 'hourly' }))
  applied(): void {}

  // @ts-expect-error its parameter is a number
  @Cron('0 8 * * *', { args: ['eu'] })
  number(_id: number): void {}

  // @ts-expect-error it needs a second argument
  @Interval('1h', { args: [1] })
  two(_first: number, _second: number): void {}

  // @ts-expect-error it has no parameter
  @Cron.from(Settings, ({ at }) => at, { args: [1] })
  none(): void {}
}
