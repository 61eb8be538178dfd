/** A warning that is logged once, however often it is found. */
export interface Finding {
  /** the key of the warning: one key is logged once */
  readonly about: string;
  readonly what: string;
}
