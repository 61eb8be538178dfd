/** Something to tell people once, however often it is found. */
export interface Finding {
  /** the same for what is told once */
  readonly about: string;
  readonly what: string;
}
