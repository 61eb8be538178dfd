import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { type HealthReport, QueueHealth } from 'nestwork';

/** For a load balancer or an alarm: are reports being made? */
@Controller('health')
export class HealthController {
  constructor(private readonly queueHealth: QueueHealth) {}

  @Get()
  async check(): Promise<HealthReport> {
    const report = await this.queueHealth.check({ maxWait: '1m' });
    if (!report.healthy) throw new ServiceUnavailableException(report);
    return report;
  }
}
