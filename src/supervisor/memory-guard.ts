import { PeriodicLoop } from '../maintenance/periodic-loop.js';
import type { Child } from './child.js';
import { availableBytes, residentBytes } from './process-memory.js';

const INTERVAL_MS = 1_000;
/**
 * After the share was exceeded, no child is replaced for this long, so that the memory of a child that left is free before
 * the next measurement.
 */
const COOL_DOWN_MS = 10_000;

export interface MemoryLimits {
  readonly maxMemoryPerChildBytes: number | undefined;
  readonly maxMemoryPercent: number | undefined;
}

/**
 * Finds children that grew too big: each one beyond its own limit, and the biggest while the worker as a whole takes
 * more than its share. Measured from outside, because Buffers do not count for V8 and a busy child cannot measure itself.
 */
export class MemoryGuard<Grown extends Pick<Child, 'pid'>> extends PeriodicLoop {
  private coolUntilMs = 0;

  constructor(
    private readonly limits: MemoryLimits,
    private readonly children: () => Iterable<Grown>,
    private readonly onTooBig: (child: Grown, bytes: number) => void,
  ) {
    super(INTERVAL_MS, () => {});
  }

  /** Does nothing without a limit. */
  override start(): void {
    const { maxMemoryPerChildBytes, maxMemoryPercent } = this.limits;
    if (maxMemoryPerChildBytes !== undefined || maxMemoryPercent !== undefined) super.start();
  }

  async tick(): Promise<number> {
    const { maxMemoryPerChildBytes = Number.POSITIVE_INFINITY, maxMemoryPercent } = this.limits;
    const sizes = await Promise.all(
      Array.from(this.children(), async (child) => ({ child, bytes: (await residentBytes(child.pid)) ?? 0 })),
    );
    for (const { child, bytes } of sizes) if (bytes > maxMemoryPerChildBytes) this.onTooBig(child, bytes);
    if (maxMemoryPercent !== undefined) this.checkShare(sizes, (availableBytes() * maxMemoryPercent) / 100);
    return INTERVAL_MS;
  }

  private checkShare(sizes: readonly { child: Grown; bytes: number }[], limit: number): void {
    const total = sizes.reduce((sum, { bytes }) => sum + bytes, process.memoryUsage.rss());
    const [biggest] = [...sizes].sort((a, b) => b.bytes - a.bytes);
    if (total <= limit || !biggest || performance.now() < this.coolUntilMs) return;
    this.coolUntilMs = performance.now() + COOL_DOWN_MS;
    this.onTooBig(biggest.child, biggest.bytes);
  }
}
