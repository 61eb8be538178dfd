/**
 * A number with its noun.
 *
 * @example
 * counted(1, 'child', 'children'); // '1 child'
 */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
