/** `1,234,567` */
export function count(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ',');
}

/**
 * A number with its noun.
 *
 * @example
 * counted(1, 'task'); // '1 task'
 * counted(1_234, 'child', 'children'); // '1,234 children'
 */
export function counted(number: number, one: string, others = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : others}`;
}
