import { Controller, Get, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { type CronInfo, CronManager, type CronRunHandle } from 'nestwork';

/** For those who look after the app: what runs when, and how it went the last time. */
@Controller('crons')
export class CronsController {
  constructor(private readonly crons: CronManager) {}

  @Get()
  list(): Promise<readonly CronInfo[]> {
    return this.crons.list();
  }

  /** Runs it now, whatever its time. */
  @Post(':name/run')
  @HttpCode(HttpStatus.ACCEPTED)
  run(@Param('name') name: string): Promise<CronRunHandle> {
    return this.crons.runNow(name);
  }
}
