import { NestworkError } from '../errors.js';
import { type Duration, toMilliseconds } from '../values/duration.js';
import { assertKnownOptions } from '../values/known-options.js';
import type { OutboxReport } from './outbox/outbox-report.js';
import {
  HEALTH_OPTIONS,
  type HealthReport,
  type QueueHealth,
  type QueueHealthOptions,
  type QueueReport,
} from './queue-health.js';

/**
 * When `TaskHealthIndicator` is down.
 *
 * @example
 * const options: TaskHealthOptions = { maxWait: { critical: '10s' }, maxDead: 100, timeout: '1s' };
 */
export interface TaskHealthOptions extends QueueHealthOptions {
  /**
   * How long Redis may take to answer before the indicator is down. A probe should wait a little longer than that.
   * @default '2s'
   */
  timeout?: Duration;
}

/**
 * The result that `@nestjs/terminus` takes from an indicator, from version 11 on.
 *
 * @example
 * const result: TaskHealthResult<'tasks'> = {
 *   tasks: { status: 'down', message: 'Queue "bulk": tasks wait, and no worker of this namespace serves the queue (12 pending).' },
 * };
 */
export type TaskHealthResult<Key extends string> = Record<
  Key,
  {
    /** `down` when a queue is not healthy, or Redis does not answer */
    status: 'up' | 'down';
    /** which queue is not healthy, and why; or that Redis did not answer */
    message?: string;
    /** the result by queue; missing when Redis did not answer */
    queues?: Record<string, Omit<QueueReport, 'queue'>>;
    /** that of the outbox, in an app that has one */
    outbox?: OutboxReport;
  }
>;

/**
 * An indicator for `@nestjs/terminus`: down when tasks wait in a queue without a worker, when one waits too long, when too
 * many are dead, or when Redis does not answer in time. Inject it anywhere; it needs no import of Terminus itself.
 *
 * It reports on queues and so on all workers: use it for an alarm or a status page. As a readiness probe of an API it would
 * take the API out of service because its workers are late.
 *
 * @example
 * import { Controller, Get } from '@nestjs/common';
 * import { HealthCheck, HealthCheckService } from '@nestjs/terminus';
 * import { TaskHealthIndicator } from 'nestwork';
 *
 * @Controller('health')
 * export class HealthController {
 *   constructor(
 *     private readonly health: HealthCheckService,
 *     private readonly tasks: TaskHealthIndicator,
 *   ) {}
 *
 *   @Get('tasks')
 *   @HealthCheck()
 *   check() {
 *     return this.health.check([() => this.tasks.isHealthy('tasks', { maxWait: { critical: '10s' }, maxDead: 100 })]);
 *   }
 * }
 */
export class TaskHealthIndicator {
  /** @internal */
  constructor(private readonly health: Pick<QueueHealth, 'check'>) {}

  /**
   * Never rejects because of Redis, and takes no longer than `timeout`.
   *
   * @param key the name under which Terminus shows it
   * @throws NestworkError INVALID_DURATION, INVALID_OPTION, UNKNOWN_QUEUE
   */
  async isHealthy<Key extends string = 'tasks'>(
    key: Key = 'tasks' as Key,
    given: TaskHealthOptions = {},
  ): Promise<TaskHealthResult<Key>> {
    assertKnownOptions(given, [...HEALTH_OPTIONS, 'timeout'], 'TaskHealthIndicator.isHealthy');
    const { timeout = '2s', ...options } = given;
    const report = await this.report(options, toMilliseconds(timeout, 'timeout'));
    return {
      [key]: typeof report === 'string' ? { status: 'down', message: report } : found(report),
    } as TaskHealthResult<Key>;
  }

  /** The report, or why there is none. */
  private async report(options: QueueHealthOptions, timeoutMs: number): Promise<HealthReport | string> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(resolve, timeoutMs, `Redis did not answer within ${timeoutMs} ms.`);
    });
    try {
      return await Promise.race([this.health.check(options), late]);
    } catch (error) {
      if (!(error instanceof NestworkError) || !error.code.startsWith('REDIS_')) throw error;
      return error.message.split('\n', 1).join();
    } finally {
      clearTimeout(timer);
    }
  }
}

function found({ healthy, queues, outbox }: HealthReport): TaskHealthResult<'tasks'>['tasks'] {
  const sick = queues.filter((report) => !report.healthy);
  const reasons = sick.map(({ queue, reason, pending }) => `Queue "${queue}": ${reason} (${pending} pending).`);
  if (outbox?.reason !== undefined) reasons.push(`Outbox: ${outbox.reason}.`);
  const message = reasons.join(' ');
  const byQueue = Object.fromEntries(queues.map(({ queue, ...report }) => [queue, report]));
  const parts = { queues: byQueue, ...(outbox && { outbox }) };
  return healthy ? { status: 'up', ...parts } : { status: 'down', message, ...parts };
}
