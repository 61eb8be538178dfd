import { Logger } from '@nestjs/common';
import type { MetricsReader } from '../inspector/metrics/metrics-reader.js';
import { LogOnce } from '../values/log-once.js';
import { type MetricFamily, textOf } from './metric-family.js';
import { familiesOf } from './queue-families.js';

/**
 * A registry of `prom-client`, which nestwork does not need itself.
 *
 * @example
 * import { register } from 'prom-client';
 * const registry: MetricRegistry = register;
 */
export interface MetricRegistry {
  /** as `Registry.registerMetric` of `prom-client` */
  registerMetric(metric: object): void;
}

/**
 * Metrics of queues, workers and tasks for Prometheus. They are read from Redis, so each process of the app gives the same
 * text. Injectable, once the app imports `QueueMetricsModule`.
 *
 * @example
 * @Controller('internal')
 * class InternalController {
 *   constructor(private readonly metrics: QueueMetrics) {}
 *
 *   @Get('metrics')
 *   @Header('Content-Type', QueueMetrics.contentType)
 *   text() {
 *     return this.metrics.text();
 *   }
 * }
 */
export class QueueMetrics {
  /** Content type of the text. */
  static readonly contentType = 'text/plain; version=0.0.4; charset=utf-8';

  private readonly errors = new LogOnce((reason) =>
    new Logger('QueueMetrics').warn(`Metrics cannot be read: ${reason}`),
  );
  private reading: Promise<MetricFamily[]> | undefined;

  /** @internal */
  constructor(private readonly reader: Pick<MetricsReader, 'current'>) {}

  /**
   * All metrics in the text format of Prometheus. When Redis cannot be read, the only value is `nestwork_redis_up 0`, so that an
   * alert can report it.
   *
   * @example
   * const text = await queueMetrics.text();
   */
  async text(): Promise<string> {
    return textOf(await this.families());
  }

  /**
   * Adds the metrics to a registry of `prom-client`, beside those of the app. They are read anew for each scrape.
   *
   * @throws Error of the registry when it has a metric of that name
   * @example
   * import { register } from 'prom-client';
   * queueMetrics.register(register);
   */
  register(registry: MetricRegistry): void {
    for (const family of familiesOf(undefined)) registry.registerMetric(new Collected(family, () => this.families()));
  }

  /**
   * A registry asks for all of them at once: they are read once then.
   *
   * @internal
   */
  families(): Promise<MetricFamily[]> {
    this.reading ??= this.read().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async read(): Promise<MetricFamily[]> {
    try {
      const current = await this.reader.current();
      this.errors.over();
      return familiesOf(current);
    } catch (error) {
      this.errors.about(error);
      return familiesOf(undefined);
    }
  }
}

/** A metric as `prom-client` wants it. The registry may change its name, for the format of OpenMetrics. */
class Collected {
  name: string;
  readonly type: MetricFamily['type'];
  readonly help: string;
  /** of the values of several processes of a Node cluster; all read the same Redis */
  readonly aggregator = 'first';
  private readonly family: string;

  constructor(
    { name, type, help }: MetricFamily,
    private readonly families: () => Promise<MetricFamily[]>,
  ) {
    this.name = name;
    this.family = name;
    this.type = type;
    this.help = help;
  }

  async get(): Promise<object> {
    const { name, help, type, aggregator } = this;
    const { samples } = familyNamed(await this.families(), this.family);
    const values = samples.map(({ suffix, labels, value }) => ({ labels, value, metricName: name + suffix }));
    return { name, help, type, aggregator, values };
  }

  /** The counts are those of the cluster. */
  reset(): void {}
}

function familyNamed(families: readonly MetricFamily[], name: string): MetricFamily {
  return families.find((family) => family.name === name) ?? { name, help: '', type: 'gauge', samples: [] };
}
