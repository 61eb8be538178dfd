import type { Results } from './report.js';

/** The chart of the README, as SVG. */
export function chart(results: Results): string {
  return `<svg xmlns="http://www.w3.org/2000/svg"><title>${results.figures.length}</title></svg>\n`;
}
