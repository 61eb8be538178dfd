const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The place of a task in a trace. */
export interface TraceContext {
  /** 32 digits, base 16 */
  readonly traceId: string;
  /** 16 digits, base 16 */
  readonly spanId: string;
  /** the lowest bit: whether the trace is recorded */
  readonly flags: number;
}

/**
 * Reads a `traceparent` of W3C Trace Context; undefined for anything else, which others may have written.
 *
 * @example
 * traceContextOf('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')?.traceId; // '0af7651916cd43dd8448eb211c80319c'
 */
export function traceContextOf(text: unknown): TraceContext | undefined {
  const [, traceId, spanId, flags] = (typeof text === 'string' && TRACEPARENT.exec(text)) || [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

/** A place in a trace as a `traceparent`, which `traceContextOf` reads. */
export function traceParentOf({ traceId, spanId, flags }: TraceContext): string {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;
}
