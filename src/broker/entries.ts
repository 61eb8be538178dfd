/** A task as claims and groups hold it: `<queue> <message>`. */
export function entryIn(entry: string): { queue: string; message: string } {
  const space = entry.indexOf(' ');
  return { queue: entry.slice(0, space), message: entry.slice(space + 1) };
}
