import { type DynamicModule, Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { MetricsReader } from '../../inspector/metrics/metrics-reader.js';
import { CLOCK, type Clock, systemClock } from '../../values/clock.js';
import { printed } from '../../values/printed.js';
import { soon } from '../../values/soon.js';
import { QueueMetrics } from '../queue-metrics.js';
import {
  type OpenTelemetryOptions,
  type ResolvedOpenTelemetryOptions,
  resolveOpenTelemetryOptions,
} from './options.js';
import { observeQueues } from './queue-observables.js';
import { flush, meterOf, tracerOf } from './sdk.js';
import { TaskMetering } from './task-metering.js';
import { TaskTracing } from './task-tracing.js';
import { Trouble } from './trouble.js';

const OPTIONS = Symbol('nestwork.otel.options');
const QUEUES = Symbol('nestwork.otel.queues');
/** The end of a process waits this long for the last spans, in ms. */
const FLUSH_MS = 3_000;

/**
 * Spans for sends and attempts of tasks, and metrics of both, by the OpenTelemetry SDK that runs in the process. It is imported beside
 * `TaskQueueModule`, in apps that send and in workers. The SDK has to be started before the app; without one nothing is done, and a line of the log says so.
 *
 * @example
 * @Module({
 *   imports: [TaskQueueModule.forRoot({ redis: process.env.REDIS_URL }), OpenTelemetryModule.forRoot()],
 * })
 * class TracedModule {}
 */
@Module({})
export class OpenTelemetryModule implements OnApplicationShutdown {
  /**
   * The module with these options.
   *
   * @throws NestworkError INVALID_OPTION, INVALID_DURATION
   * @example
   * OpenTelemetryModule.forRoot({ childWithin: '5m' });
   */
  static forRoot(options: OpenTelemetryOptions = {}): DynamicModule {
    const resolved = resolveOpenTelemetryOptions(options);
    return {
      module: OpenTelemetryModule,
      providers: [
        { provide: OPTIONS, useValue: resolved },
        { provide: Trouble, useFactory: () => new Trouble() },
        {
          provide: TaskTracing,
          useFactory: (app: ModulesContainer, trouble: Trouble, clock: Clock = systemClock) =>
            resolved.traces && isFirst(app, 'traces') ? tracing(resolved, trouble, clock) : undefined,
          inject: [ModulesContainer, Trouble, { token: CLOCK, optional: true }],
        },
        {
          provide: TaskMetering,
          useFactory: (app: ModulesContainer, trouble: Trouble, clock: Clock = systemClock) =>
            resolved.metrics && isFirst(app, 'metrics') ? metering(resolved, trouble, clock) : undefined,
          inject: [ModulesContainer, Trouble, { token: CLOCK, optional: true }],
        },
        {
          provide: QUEUES,
          useFactory: (app: ModulesContainer, trouble: Trouble, reader: MetricsReader) =>
            resolved.queueMetrics && isFirst(app, 'metrics of queues')
              ? observing(resolved, trouble, reader)
              : undefined,
          inject: [ModulesContainer, Trouble, ...(resolved.queueMetrics ? [MetricsReader] : [])],
        },
      ],
    };
  }

  private readonly logger = new Logger('OpenTelemetry');

  /** @internal */
  constructor(
    @Inject(OPTIONS) private readonly options: ResolvedOpenTelemetryOptions,
    @Inject(QUEUES) private readonly endQueues: (() => void) | undefined,
  ) {}

  /**
   * The process may end next, with spans that the SDK has not exported yet.
   *
   * @internal
   */
  async onApplicationShutdown(): Promise<void> {
    const { tracerProvider, meterProvider } = this.options;
    // the connection to Redis is about to be closed
    this.endQueues?.();
    const flushed = flush(tracerProvider, meterProvider).catch((error: unknown) => {
      this.logger.warn(`The last spans and metrics may be lost: ${printed(error)}`);
    });
    await soon(flushed, FLUSH_MS);
  }
}

/** What modules of each app do. */
const done = new WeakMap<ModulesContainer, Set<string>>();

/** A second module of an app would make a second span of each task, and count it twice. */
function isFirst(app: ModulesContainer, what: string): boolean {
  const known = done.get(app) ?? new Set();
  done.set(app, known);
  if (!known.has(what)) return Boolean(known.add(what));
  new Logger('OpenTelemetry').warn(
    `The app has OpenTelemetryModule.forRoot() twice; the ${what} are made once, by the options of the first one. Import it once.`,
  );
  return false;
}

/** Undefined where nothing would come of it: then no task pays for it. */
function tracing(options: ResolvedOpenTelemetryOptions, trouble: Trouble, clock: Clock): TaskTracing | undefined {
  const tracer = trouble.guard(() => tracerOf(options.tracerProvider));
  if (tracer) return new TaskTracing(tracer, options, clock, trouble);
  new Logger('OpenTelemetry').warn(
    'Nothing is traced: no OpenTelemetry SDK was started before the app. Start it first, as with NODE_OPTIONS="--import ./tracing.mjs".',
  );
  return undefined;
}

/** Undefined where nothing would come of it. Many apps have an SDK for traces alone, so that is not worth a line. */
function metering(options: ResolvedOpenTelemetryOptions, trouble: Trouble, clock: Clock): TaskMetering | undefined {
  const meter = trouble.guard(() => meterOf(options.meterProvider));
  return meter && trouble.guard(() => new TaskMetering(meter, clock, trouble));
}

/** What ends it; undefined where nothing would come of it. */
function observing(
  { meterProvider }: ResolvedOpenTelemetryOptions,
  trouble: Trouble,
  reader: MetricsReader,
): (() => void) | undefined {
  const meter = trouble.guard(() => meterOf(meterProvider));
  if (meter) return trouble.guard(() => observeQueues(meter, new QueueMetrics(reader)));
  new Logger('OpenTelemetry').warn(
    'There are no metrics of queues: no OpenTelemetry SDK with metrics was started before the app. Start it first, or leave out `queueMetrics`.',
  );
  return undefined;
}
