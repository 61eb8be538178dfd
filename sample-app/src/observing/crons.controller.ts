import { Controller, Get, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { type CronInfo, CronManager, type CronRunHandle } from 'nestwork';

/** For the operators of the app: the crons, their times, and how the last run ended. */
@Controller('crons')
export class CronsController {
  constructor(private readonly crons: CronManager) {}

  @Get()
  list(): Promise<readonly CronInfo[]> {
    return this.crons.list();
  }

  /** Runs it now, at any time. */
  @Post(':name/run')
  @HttpCode(HttpStatus.ACCEPTED)
  run(@Param('name') name: string): Promise<CronRunHandle> {
    return this.crons.runNow(name);
  }
}
