import {
  createNoopMeter,
  isSpanContextValid,
  type Meter,
  type MeterProvider,
  metrics,
  ROOT_CONTEXT,
  TraceFlags,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { VERSION } from '../../supervisor/version.generated.js';
import { read } from '../../values/thrown.js';

const NAME = 'nestwork';

/** That of the provider, or of the SDK that was started; undefined where there is none. */
export function tracerOf(provider: TracerProvider | undefined): Tracer | undefined {
  if (provider) return provider.getTracer(NAME, VERSION);
  const tracer = trace.getTracer(NAME, VERSION);
  return makesSpans(tracer) ? tracer : undefined;
}

/** As `tracerOf`. */
export function meterOf(provider: MeterProvider | undefined): Meter | undefined {
  if (provider) return provider.getMeter(NAME, VERSION);
  const meter = metrics.getMeter(NAME, VERSION);
  return meter === createNoopMeter() ? undefined : meter;
}

/**
 * Without an SDK a span has the context of its parent; an SDK gives it one of its own. The parent is not sampled and the span is never ended, so
 * that it comes nowhere.
 */
function makesSpans(tracer: Tracer): boolean {
  const parent = {
    traceId: '6e657374776f726b0000000000000001',
    spanId: '6e65737477000001',
    traceFlags: TraceFlags.NONE,
    isRemote: true,
  };
  const made = tracer.startSpan('nestwork', {}, trace.setSpanContext(ROOT_CONTEXT, parent)).spanContext();
  return isSpanContextValid(made) && made.spanId !== parent.spanId;
}

/** Exports what the providers hold back; those of the SDK where none was given. Rejects with what one of them rejects with. */
export async function flush(tracers: TracerProvider | undefined, meters: MeterProvider | undefined): Promise<void> {
  await Promise.all([tracers ?? trace.getTracerProvider(), meters ?? metrics.getMeterProvider()].map(flushed));
}

/** The registered provider of tracers stands before that of the SDK. */
async function flushed(provider: object): Promise<void> {
  const delegate: unknown = read(provider, 'getDelegate');
  const actual: unknown = typeof delegate === 'function' ? delegate.call(provider) : provider;
  const force: unknown = read(actual, 'forceFlush');
  if (typeof force === 'function') await force.call(actual);
}
