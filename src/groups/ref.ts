import { IN_PLACE } from '../payload/payload-errors.js';

/** Where a Ref belongs: to one flow, before or while that runs. */
export interface RefOwner {
  /** how errors name it */
  readonly title: string;
}

declare const RESULT: unique symbol;

/**
 * The result that a task of a flow will have: `flow.add()` gives it, and later tasks of the flow take it in place of a value.
 *
 * @example
 * const part: Ref<Part> = flow.add(queue.of(PartTasks).extract, 7);
 * flow.add(queue.of(FlowTasks).merge, [part]);
 */
export class Ref<out Result = unknown> {
  static {
    const value = [
      'Give a Ref as a whole argument, or a list of Refs as one: add(sender, ref), add(sender, [ref, ref]). It cannot stand in an object.',
      'Only add() and chain() of a flow take Refs: delay() and run() take values.',
    ];
    Object.defineProperty(Ref.prototype, IN_PLACE, { value });
  }

  /** only for the compiler */
  declare readonly [RESULT]: Result;
  readonly #owner: RefOwner;
  readonly #number: number;

  /** @internal */
  constructor(owner: RefOwner, number: number) {
    this.#owner = owner;
    this.#number = number;
  }

  /**
   * The number of its task in the flow of this owner, from 0; undefined in any other.
   *
   * @internal
   */
  numberIn(owner: RefOwner): number | undefined {
    return this.#owner === owner ? this.#number : undefined;
  }
}
