/** What a worker needs to fit the number of its children to its queues. */
export interface BacklogPort {
  /** How many tasks can be claimed now from these queues: pending and quarantined ones, those aside that a pause or a limit holds back. */
  claimable(queues: readonly string[]): Promise<number>;
}
