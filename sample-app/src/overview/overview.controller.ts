import { Controller, Get, Header, NotFoundException } from '@nestjs/common';
import { OverviewStore } from './overview-store.js';

@Controller('overview.svg')
export class OverviewController {
  constructor(private readonly overviews: OverviewStore) {}

  @Get()
  @Header('Content-Type', 'image/svg+xml; charset=utf-8')
  @Header('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'")
  async find(): Promise<string> {
    const chart = await this.overviews.find();
    if (chart !== undefined) return chart;
    throw new NotFoundException('It is drawn at every full hour, or by POST /crons/OverviewTasks.draw/run.');
  }
}
