import { context, metrics, propagation, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';

/** The SDK as an app starts it, with the spans in memory. */
export class TestSdk {
  readonly provider: BasicTracerProvider;
  private readonly exporter = new InMemorySpanExporter();

  constructor(sampler?: Sampler) {
    const spanProcessors = [new SimpleSpanProcessor(this.exporter)];
    this.provider = new BasicTracerProvider(sampler ? { spanProcessors, sampler } : { spanProcessors });
  }

  /** Registers all of it. */
  static start(sampler?: Sampler): TestSdk {
    const sdk = new TestSdk(sampler);
    trace.setGlobalTracerProvider(sdk.provider);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(
      new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
    );
    return sdk;
  }

  /** Nothing is registered any more. */
  static stop(): void {
    trace.disable();
    metrics.disable();
    context.disable();
    propagation.disable();
  }

  /** The ended spans, in the order of their ends. */
  get spans(): ReadableSpan[] {
    return this.exporter.getFinishedSpans();
  }

  named(name: string): ReadableSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  /** The only one of this name. */
  only(name: string): ReadableSpan {
    const [span, ...others] = this.named(name);
    if (!span || others.length > 0)
      throw new Error(`There are spans: ${this.spans.map((each) => each.name).join(', ')}`);
    return span;
  }
}

/** Where a span points to: its parent, and its links by what they are. */
export function pointsTo(span: ReadableSpan): { parent: string | undefined; links: Record<string, string> } {
  const links = span.links.map(({ context: to, attributes }) => [String(attributes?.['nestwork.link']), to.spanId]);
  return { parent: span.parentSpanContext?.spanId, links: Object.fromEntries(links) };
}

export function idOf(span: ReadableSpan): string {
  return span.spanContext().spanId;
}

export const PRODUCER = SpanKind.PRODUCER;
export const CONSUMER = SpanKind.CONSUMER;
