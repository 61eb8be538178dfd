/**
 * Options without those that are given as undefined: such a one must not hide a default, or count as one that nobody knows.
 *
 * @example
 * withoutGaps({ queue: 'mail', task: undefined }); // { queue: 'mail' }
 */
export function withoutGaps<T extends object>(options: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
