import type { Stage } from './stage.js';

/** The result of one round of a contestant: a number, or several by name, such as percentiles. */
export type Measured = number | Readonly<Record<string, number>>;

/** A library, or a way to use one, that a figure measures. */
export interface Contestant {
  readonly name: string;
  /** One round. The stage's Redis is empty when it begins, and nothing else runs meanwhile. */
  measure(stage: Stage): Promise<Measured>;
  /** Left out of quick runs. */
  readonly fullOnly?: boolean;
}

/** A limit for the result; each is reported as met, or missed by how much. */
export interface Goal {
  /** A contestant; of several the best counts. */
  readonly of: string | readonly string[];
  /** With this or the best of these it is compared, by ratio; without, the number itself is the goal. */
  readonly against?: string | readonly string[];
  /** Which number, where a round gives several. */
  readonly measure?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** One thing that is measured, for all who take part in it. */
export interface Figure {
  /** as in `--only` */
  readonly id: string;
  readonly title: string;
  /** of every number, for people */
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** How it is measured, in a sentence or two, for the reader of the results. */
  readonly how: string;
  /** The first is the one that others are set in relation to. */
  readonly contestants: readonly Contestant[];
  readonly goals: readonly Goal[];
  /**
   * Rounds of each contestant.
   * @default 5, and 3 in quick runs
   */
  readonly rounds?: Readonly<{ full: number; quick: number }>;
  /** Left out of quick runs, unless named by `--only`. */
  readonly fullOnly?: boolean;
}

/** All rounds of one number of one contestant. */
export interface Series {
  readonly contestant: string;
  readonly measure?: string;
  readonly values: readonly number[];
}

/** A contestant that could not be measured, on a machine that is too slow for it for example. */
export interface Missing {
  readonly contestant: string;
  readonly why: string;
}

/** A goal, and whether it was met. */
export interface GoalResult {
  readonly goal: Goal;
  readonly met: boolean;
  /** the ratio, or the number itself */
  readonly value: number;
}

export interface FigureResult {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly how: string;
  readonly series: readonly Series[];
  /** absent when every contestant was measured */
  readonly missing?: readonly Missing[];
  readonly goalResults: readonly GoalResult[];
  /** when, ISO 8601 */
  readonly measuredAt: string;
  /** of the repository, with a `+` when files were changed since */
  readonly commit: string;
  readonly quick: boolean;
}
