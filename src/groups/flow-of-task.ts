import type { GroupTag } from '../message/group-tag.js';
import type { RefFailure } from '../message/task-refs.js';
import { type IdRun, runsOf } from '../message/task-refs.js';
import { NodeAdder, NodeList } from './flow-nodes.js';
import type { NodeOptions } from './flow-options.js';
import { MOST_ADDED } from './flow-plan.js';
import { type NodePlaces, sendNodes } from './flow-sending.js';
import { asNotInGroup, invalidFlow } from './group-errors.js';
import { Ref } from './ref.js';

/** The results of other tasks in place of a value: what waits for the task that returned it gets them. */
export class PassedOn {
  constructor(
    readonly list: boolean,
    readonly ids: readonly IdRun[],
  ) {}
}

/**
 * The flow of the running task, as `context.flow` gives it. Tasks that are added here are sent when the attempt succeeds. What waits for
 * the running task waits for them, too. A task that returns a Ref, or a list of Refs, passes their results on.
 *
 * @example
 * const pages = [1, 2, 3].map((page) => context.flow.add(queue.of(PartTasks).extract, page));
 * return pages;
 */
export class FlowOfTask extends NodeAdder {
  readonly #list: NodeList;
  readonly #member: GroupTag;
  readonly #places: NodePlaces = {};

  /** @internal */
  constructor(member: GroupTag) {
    const list = new NodeList('the flow of the running task', MOST_ADDED);
    super(list);
    this.#list = list;
    this.#member = member;
  }

  /** id of the flow */
  get id(): string {
    return this.#member.group;
  }

  /** Adds tasks with other options than the default ones. @throws NestworkError INVALID_OPTION */
  with<Failure extends RefFailure = 'fail'>(options: NodeOptions<Failure>): NodeAdder<Failure> {
    return this.withOptions(options);
  }

  /**
   * Sends what was added, once the attempt has succeeded. A call that was rejected may be repeated.
   *
   * @param result what the task returned
   * @returns what it passes on
   * @internal
   */
  async send(result: unknown): Promise<unknown> {
    const list = this.#list;
    // what comes later would be sent by nobody
    list.close();
    if (list.nodes.length === 0) return result;
    const { group, number } = this.#member;
    const isList = Array.isArray(result) && result.length > 0 && result.every((value) => value instanceof Ref);
    const refs: readonly Ref[] = isList ? result : result instanceof Ref ? [result] : [];
    const passed = refs.map((ref) => {
      const own = ref.numberIn(list);
      if (own !== undefined) return own;
      const remedy = 'Return Refs that context.flow.add() gave in this attempt.';
      throw invalidFlow('The flow of the running task', 'a Ref of another flow was returned', remedy);
    });
    const target = { flow: group, owner: list, behind: number, open: async () => {}, places: this.#places };
    const sent = await sendNodes(target, list.nodes, passed).catch((error: unknown) => {
      throw asNotInGroup('flow', error);
    });
    if (passed.length === 0) return result;
    return new PassedOn(isList, runsOf(passed.map((own) => sent[own]?.id as string)));
  }
}
