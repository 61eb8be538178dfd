import type { RedactFunction } from '../options.js';

/** The task whose arguments are shown. */
export interface RedactedTask {
  readonly task: string;
  readonly queue: string;
}

/** Decides which values among arguments are hidden. */
export class Redaction {
  constructor(readonly rules: readonly (string | RedactFunction)[]) {}
}
