import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import type { Duration } from '../../values/duration.js';
import { assertKnownOptions } from '../../values/known-options.js';
import { type Resolved, type Rule, type RulesOf, resolveOptions, rule, time } from '../../values/option-rules.js';
import { invalid } from '../../values/option-values.js';
import { shown } from '../../values/shown.js';
import { read } from '../../values/thrown.js';

const DAY_MS = 86_400_000;

/**
 * Options of `OpenTelemetryModule.forRoot`.
 *
 * @example
 * const options: OpenTelemetryOptions = { childWithin: '5m' };
 * OpenTelemetryModule.forRoot(options);
 */
export interface OpenTelemetryOptions {
  /**
   * Makes the spans.
   * @default the one that the SDK has registered
   */
  tracerProvider?: TracerProvider;
  /**
   * Makes the metrics.
   * @default the one that the SDK has registered
   */
  meterProvider?: MeterProvider;
  /**
   * A first attempt that starts this soon after its task was sent is part of the sender's trace. Later ones, and retries, are traces of their own,
   * with a link to it. From 0 to a day.
   * @default '1m'
   */
  childWithin?: Duration;
  /**
   * What the names of spans end with: the name of the task, or that of its queue, as the conventions for messaging have it.
   * @default 'task'
   */
  spanNames?: 'task' | 'queue';
  /**
   * Whether sends and attempts have spans.
   * @default true
   */
  traces?: boolean;
  /**
   * Whether sends and attempts are measured.
   * @default true
   */
  metrics?: boolean;
  /**
   * Whether this process also exports what `QueueMetricsModule` serves, except for histograms: the state of all queues, limits, crons and workers, and the counts of all
   * tasks. They are read from Redis whenever metrics are collected, and are the same in each process, so one of them is enough.
   * @default false
   */
  queueMetrics?: boolean;
}

const RULES = {
  tracerProvider: provider<TracerProvider>('getTracer'),
  meterProvider: provider<MeterProvider>('getMeter'),
  childWithin: time(0, '1m', DAY_MS),
  spanNames: rule<'task' | 'queue', 'task' | 'queue'>((given = 'task', option) => {
    if (given === 'task' || given === 'queue') return given;
    throw invalid(option, `is ${shown(given)}`, "Give 'task' or 'queue'.");
  }),
  traces: flag(true),
  metrics: flag(true),
  queueMetrics: flag(false),
} satisfies RulesOf<OpenTelemetryOptions>;

/** The options, checked, with the defaults. */
export type ResolvedOpenTelemetryOptions = Resolved<typeof RULES>;

/** @throws NestworkError INVALID_OPTION, INVALID_DURATION */
export function resolveOpenTelemetryOptions(options: OpenTelemetryOptions): ResolvedOpenTelemetryOptions {
  assertKnownOptions(options, Object.keys(RULES), 'OpenTelemetryModule.forRoot()');
  return resolveOptions(RULES, options);
}

function flag(byDefault: boolean): Rule<boolean, boolean> {
  return rule((given = byDefault, option) => {
    if (typeof given === 'boolean') return given;
    throw invalid(option, `is ${shown(given)}`, 'Give true or false.');
  });
}

function provider<Provider>(method: string): Rule<Provider, Provider | undefined> {
  return rule((given, option) => {
    if (given === undefined || typeof read(given, method) === 'function') return given;
    throw invalid(
      option,
      `is ${shown(given)}, and has no ${method}()`,
      'Give a provider of an OpenTelemetry SDK, or leave it out.',
    );
  });
}
