const MOST_STEPS = 5;

/** Round values from 0 up to the first one that is not below `largest`. */
export function axisTicks(largest: number): number[] {
  const step = roundStep(Math.max(largest, 1) / MOST_STEPS);
  const ticks = [0];
  for (let tick = step; (ticks.at(-1) as number) < largest || ticks.length < 2; tick += step) ticks.push(tick);
  return ticks;
}

/** The next 1, 2 or 5 times a power of ten; never a fraction, as there are no half lines. */
function roundStep(least: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((factor) => factor * magnitude).find((candidate) => candidate >= least) ?? least;
  return Math.max(1, step);
}
