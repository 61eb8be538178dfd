import type { RefFailure } from '../message/task-refs.js';
import { checkedNodeOptions, type FlowArguments, type NodeOptions, type ResultFor } from './flow-options.js';
import type { PlannedNode } from './flow-plan.js';
import { invalidFlow, notARef, notASender } from './group-errors.js';
import { type GroupSender, memberOf } from './member-call.js';
import { Ref, type RefOwner } from './ref.js';

/** The tasks of a flow in the making, and of what a running task adds to its flow. */
export class NodeList implements RefOwner {
  readonly nodes: PlannedNode[] = [];
  private closed = false;

  constructor(
    readonly title: string,
    private readonly most: number,
  ) {}

  /** @throws NestworkError INVALID_FLOW, INVALID_OPTION */
  push(node: PlannedNode): Ref<never> {
    if (!memberOf(node.sender)) throw notASender(`add() of ${this.title}`, node.sender);
    const title = this.title.replace(/^t/, 'T');
    if (this.closed) throw invalidFlow(title, 'it was sent already', 'Make another one.');
    if (this.nodes.length >= this.most) {
      throw invalidFlow(title, `it has ${this.most} tasks, and takes no more`, 'Make several flows, or use a batch.');
    }
    this.nodes.push(node);
    return new Ref<never>(this, this.nodes.length - 1);
  }

  /** No more is added: it is sent. */
  close(): void {
    this.closed = true;
  }
}

/**
 * Adds tasks to a flow, each with the same options.
 *
 * @example
 * const some = flow.with({ onFailure: 'skip' });
 * some.add(queue.of(FlowTasks).merge, parts);
 */
export class NodeAdder<Failure extends RefFailure = 'fail'> {
  readonly #list: NodeList;
  readonly #options: NodeOptions;

  /** @internal */
  constructor(list: NodeList, options: NodeOptions = {}) {
    this.#list = list;
    this.#options = options;
  }

  /**
   * Adds a task. It waits for the tasks whose Refs are among its arguments, and gets their results in place of them. A Ref can stand for an
   * argument, and a list of Refs for a list, up to 10,000 in all.
   *
   * @returns a Ref of its result
   * @throws NestworkError INVALID_FLOW when the flow was sent, or has too many tasks; INVALID_OPTION
   * @example
   * const parts = ids.map((id) => flow.add(queue.of(PartTasks).extract, id));
   * flow.add(queue.of(FlowTasks).merge, parts);
   */
  add<Args extends unknown[], Result>(
    sender: GroupSender<Args, Result>,
    ...args: FlowArguments<Args, Failure>
  ): Ref<Result> {
    const { onFailure = 'fail', after = [] } = this.#options;
    const befores: readonly unknown[] = Array.isArray(after) ? after : [after];
    const planned = { sender: sender as unknown as GroupSender, args, failure: onFailure, after: befores };
    return this.#list.push(planned);
  }

  /**
   * Adds tasks that each take the result of the one before, and nothing else.
   *
   * @param first what the first one takes
   * @returns a Ref of the last result
   * @throws as `add()` does
   * @example
   * flow.chain(flow.add(queue.of(FlowTasks).merge, parts), queue.of(FlowTasks).translate, queue.of(FlowTasks).index);
   */
  chain<A, B>(first: Ref<A>, second: GroupSender<[ResultFor<A, Failure>], B>): Ref<B>;
  chain<A, B, C>(
    first: Ref<A>,
    second: GroupSender<[ResultFor<A, Failure>], B>,
    third: GroupSender<[ResultFor<B, Failure>], C>,
  ): Ref<C>;
  chain<A, B, C, D>(
    first: Ref<A>,
    second: GroupSender<[ResultFor<A, Failure>], B>,
    third: GroupSender<[ResultFor<B, Failure>], C>,
    fourth: GroupSender<[ResultFor<C, Failure>], D>,
  ): Ref<D>;
  chain<A, B, C, D, E>(
    first: Ref<A>,
    second: GroupSender<[ResultFor<A, Failure>], B>,
    third: GroupSender<[ResultFor<B, Failure>], C>,
    fourth: GroupSender<[ResultFor<C, Failure>], D>,
    fifth: GroupSender<[ResultFor<D, Failure>], E>,
  ): Ref<E>;
  chain<A, B, C, D, E, F>(
    first: Ref<A>,
    second: GroupSender<[ResultFor<A, Failure>], B>,
    third: GroupSender<[ResultFor<B, Failure>], C>,
    fourth: GroupSender<[ResultFor<C, Failure>], D>,
    fifth: GroupSender<[ResultFor<D, Failure>], E>,
    sixth: GroupSender<[ResultFor<E, Failure>], F>,
  ): Ref<F>;
  chain(first: Ref, ...senders: readonly unknown[]): Ref {
    const { onFailure = 'fail', after = [] } = this.#options;
    if (!(first instanceof Ref)) throw notARef(first);
    const befores: readonly unknown[] = Array.isArray(after) ? after : [after];
    return senders.reduce<Ref>(
      (before, sender) =>
        this.#list.push({ sender: sender as GroupSender, args: [before], failure: onFailure, after: befores }),
      first,
    );
  }

  /** @internal */
  protected withOptions<Given extends RefFailure = 'fail'>(options: NodeOptions<Given>): NodeAdder<Given> {
    return new NodeAdder<Given>(this.#list, checkedNodeOptions(options));
  }
}
