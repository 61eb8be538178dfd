/** One change of the arguments. */
export interface Change {
  /** `[1].amount` */
  readonly path: string;
  /** JSON; undefined where there was, or is, nothing */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** More would be read by nobody. */
const MOST = 50;
const MOST_TEXT = 120;

/** What differs between two texts of JSON, by path; undefined while one of them is none. */
export function differences(before: string, after: string): readonly Change[] | undefined {
  try {
    const changes: Change[] = [];
    compare(JSON.parse(before), JSON.parse(after), '', changes);
    return changes;
  } catch {
    return undefined;
  }
}

function compare(before: unknown, after: unknown, path: string, changes: Change[]): void {
  if (changes.length >= MOST || before === after) return;
  if (!isBranch(before) || !isBranch(after) || Array.isArray(before) !== Array.isArray(after)) {
    changes.push({ path, before: text(before), after: text(after) });
    return;
  }
  const isList = Array.isArray(before);
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const at = isList
      ? `${path}[${name}]`
      : /^[\w$]+$/.test(name)
        ? `${path}.${name}`
        : `${path}[${JSON.stringify(name)}]`;
    compare(before[name], after[name], at, changes);
  }
}

function isBranch(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function text(value: unknown): string | undefined {
  const json = JSON.stringify(value);
  return json !== undefined && json.length > MOST_TEXT ? `${json.slice(0, MOST_TEXT)}…` : json;
}
