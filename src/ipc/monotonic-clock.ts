/**
 * `performance.now()` counts from the start of the process, by the same clock. It takes the greatest of several
 * measurements: one that is interrupted in its middle comes out too small, and a child whose clock is behind would start
 * tasks that others already have.
 */
const PROCESS_START_MS = Math.max(
  ...Array.from({ length: 8 }, () => Number(process.hrtime.bigint()) / 1e6 - performance.now()),
);

/** Milliseconds of a clock that all processes of the machine share and that cannot be set. */
export function monotonicMs(): number {
  return PROCESS_START_MS + performance.now();
}
