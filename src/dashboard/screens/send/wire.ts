/** What a call of a task has to say of when it may start, by the catalog. */
export interface SendNeeds {
  readonly task: string;
  /** names of its limits that have keys */
  readonly limits: readonly string[];
  /** whether it takes turns by tenant */
  readonly fair: boolean;
  /** 0 to 9, where its decorator sets that or an age */
  readonly priority?: number;
}
