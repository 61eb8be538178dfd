/** What a client does not refuse, in the test of a part of an app. */
export interface SendLeniency {
  /** tasks of classes that no module provides, though the app has tasks */
  readonly anyClass: boolean;
  /** queues that are not declared */
  readonly anyQueue: boolean;
}
