import type { Step } from '../../payload/argument-shape.js';
import { type Hider, NOTHING_HIDDEN } from '../../payload/argument-spans.js';
import type { RedactFunction } from '../options.js';
import { advanced, begun, isEnd, parsePath, pathText, type Reached, type RedactionPath } from './redaction-path.js';

/** The task whose arguments are shown. */
export interface RedactedTask {
  readonly task: string;
  readonly queue: string;
}

/** Decides which values among arguments are hidden. */
export class Redaction {
  private readonly paths: readonly RedactionPath[];
  private readonly functions: readonly RedactFunction[];

  /** @throws NestworkError INVALID_OPTION */
  constructor(rules: readonly (string | RedactFunction)[]) {
    this.paths = rules.flatMap((rule) => (typeof rule === 'string' ? [parsePath(rule)] : []));
    this.functions = rules.filter((rule) => typeof rule === 'function');
  }

  /** Whether anything may be hidden. Bytes that are no message have no paths: where there are rules, they are hidden whole. */
  get hasRules(): boolean {
    return this.paths.length + this.functions.length > 0;
  }

  /** For the list of the arguments of one task. */
  of(task: RedactedTask): Hider {
    const { paths, functions } = this;
    if (!this.hasRules) return NOTHING_HIDDEN;
    return new Place({ paths, functions, task }, paths.map(begun), []);
  }

  /** Whether a key of a limit is hidden, as `limits.stripe`. Of a key in use no task is known. */
  hidesKey(limit: string, key: string, task: RedactedTask = { task: '', queue: '' }): boolean {
    const all = this.of(task).inside('limits');
    return all.hides({ [limit]: key }) || all.inside(limit).hides(key);
  }
}

interface Rules {
  readonly paths: readonly RedactionPath[];
  readonly functions: readonly RedactFunction[];
  readonly task: RedactedTask;
}

/** The way from the list of arguments to a value. */
class Place implements Hider {
  constructor(
    private readonly rules: Rules,
    private readonly reached: readonly Reached[],
    private readonly steps: readonly Step[],
  ) {}

  hides(value: unknown): boolean {
    const { paths, functions, task } = this.rules;
    // the list itself is no value
    if (this.steps.length === 0) return false;
    if (paths.some((path, index) => isEnd(path, this.reached[index] as Reached))) return true;
    if (functions.length === 0) return false;
    const place = { path: pathText(this.steps), ...task };
    return functions.some((hides) => saysSo(hides, value, place));
  }

  inside(step: Step): Hider {
    const { paths } = this.rules;
    const reached = paths.map((path, index) => advanced(path, this.reached[index] as Reached, step));
    return new Place(this.rules, reached, [...this.steps, step]);
  }
}

/** Anything but `false` hides: a function that throws, or forgets to answer, must not show a secret. */
function saysSo(hides: RedactFunction, value: unknown, place: Parameters<RedactFunction>[1]): boolean {
  try {
    return hides(value, place) !== false;
  } catch {
    return true;
  }
}
