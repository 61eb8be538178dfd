import {
  type CanActivate,
  Controller,
  type DynamicModule,
  Get,
  Header,
  Inject,
  Module,
  type ModuleMetadata,
  type Type,
  UseGuards,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import { MetricsReader } from '../inspector/metrics/metrics-reader.js';
import { assertKnownOptions } from '../values/known-options.js';
import { invalid } from '../values/option-values.js';
import { shown } from '../values/shown.js';
import { QueueMetrics } from './queue-metrics.js';

/**
 * Options of `QueueMetricsModule.register`.
 *
 * @example
 * const options: QueueMetricsOptions = { path: 'internal/metrics' };
 * QueueMetricsModule.register(options);
 */
export interface QueueMetricsOptions {
  /**
   * Where the text is served, below the global prefix of the app. `false` serves it nowhere: `QueueMetrics` is injectable in
   * any case.
   * @default 'metrics'
   */
  path?: string | false;
  /**
   * Guards of this route, classes or instances, beside those of the whole app.
   * @default none
   */
  guards?: readonly (Type<CanActivate> | CanActivate)[];
  /**
   * Modules with the providers that the guards inject.
   * @default none
   */
  imports?: ModuleMetadata['imports'];
}

/**
 * Serves the metrics of queues, workers and tasks for Prometheus, and makes `QueueMetrics` injectable. Works on Express and
 * Fastify. The guards of the app (`APP_GUARD`, `useGlobalGuards()`) apply to the route.
 *
 * @example
 * @Module({
 *   imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL }), QueueMetricsModule.register()],
 * })
 * class MonitoredModule {}
 */
@Module({})
export class QueueMetricsModule {
  /**
   * The module, with a controller unless `path` is false.
   *
   * @throws NestworkError INVALID_OPTION
   * @example
   * QueueMetricsModule.register({ path: 'internal/metrics' });
   */
  static register(options: QueueMetricsOptions = {}): DynamicModule {
    assertKnownOptions(options, ['path', 'guards', 'imports'], 'QueueMetricsModule.register()');
    const { path = 'metrics', guards = [], imports = [] } = options;
    if (path !== false && (typeof path !== 'string' || path === '')) {
      throw invalid('path', `is ${shown(path)}`, "Give a path like 'metrics', or false for none.");
    }
    if (!Array.isArray(guards)) throw invalid('guards', 'is not a list', 'Give classes or instances: [InternalGuard].');
    return {
      module: QueueMetricsModule,
      imports,
      controllers: path === false ? [] : [controllerAt(path, guards)],
      providers: [
        {
          provide: QueueMetrics,
          useFactory: (reader: MetricsReader) => new QueueMetrics(reader),
          inject: [MetricsReader],
        },
      ],
      exports: [QueueMetrics],
    };
  }
}

/** A class for each call, because path and guards belong to the class. */
function controllerAt(path: string, guards: readonly (Type<CanActivate> | CanActivate)[]): Type<unknown> {
  @Controller({ path, version: VERSION_NEUTRAL })
  @UseGuards(...guards)
  class QueueMetricsController {
    constructor(@Inject(QueueMetrics) private readonly metrics: QueueMetrics) {}

    @Get()
    @Header('Content-Type', QueueMetrics.contentType)
    @Header('Cache-Control', 'no-store')
    text(): Promise<string> {
      return this.metrics.text();
    }
  }
  return QueueMetricsController;
}
