import { cut } from './printable.js';

/** Characters of a name from the data of the user. */
const MOST = 40;

/** A container on the way from the argument list to the value at hand; leads back, for paths and cycles. */
export class Place {
  /** Containers around this one. */
  readonly depth: number;
  /** Where in the container the walk is: an index, or a key of an object or a map. */
  step: unknown;

  constructor(
    readonly container: object,
    /** The place of the container itself; of the argument list its name. */
    readonly parent: Place | string,
    /** How to get from the container to the step. */
    public way: 'index' | 'property' | 'get' | 'keys' | 'values',
  ) {
    this.depth = typeof parent === 'string' ? 0 : parent.depth + 1;
  }

  /** Such as `args[0].user.photo`, `args[1].get("k")` or, for the third member of a set, `args[2].values()[2]`. */
  get path(): string {
    return (typeof this.parent === 'string' ? this.parent : this.parent.path) + this.segment;
  }

  private get segment(): string {
    const step = shownStep(this.step);
    switch (this.way) {
      case 'index':
        return `[${step}]`;
      case 'property':
        return /^"[A-Za-z_$][\w$]*"$/.test(step) ? `.${step.slice(1, -1)}` : `[${step}]`;
      case 'get':
        return `.get(${step})`;
      default:
        return `.${this.way}()[${step}]`;
    }
  }
}

function shownStep(step: unknown): string {
  if (typeof step === 'string') return JSON.stringify(cut(step, MOST));
  // A key of a map; its own toString could say anything, or throw.
  if (typeof step === 'object' && step !== null) return '…';
  return cut(String(step), MOST);
}
