import type { Figure } from '../harness/figure.js';
import { throughput } from './throughput.js';

/** In the order in which they are measured and reported. */
export const figures: readonly Figure[] = [throughput];
