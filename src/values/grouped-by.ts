/**
 * All with the same value, in the order in which they come; those without a value are left out.
 *
 * @example
 * groupedBy(['ant', 'bee', 'auk'], ([first]) => first); // Map { 'a' => ['ant', 'auk'], 'b' => ['bee'] }
 */
export function groupedBy<T>(all: readonly T[], of: (one: T) => string | undefined): Map<string, [T, ...T[]]> {
  const byValue = new Map<string, [T, ...T[]]>();
  for (const one of all) {
    const value = of(one);
    if (value === undefined) continue;
    const those = byValue.get(value);
    if (those) those.push(one);
    else byValue.set(value, [one]);
  }
  return byValue;
}
