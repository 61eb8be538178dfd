import type { RefFailure } from '../message/task-refs.js';
import { patienceOf, type ResultOptions } from '../results/result-options.js';
import type { Results } from '../results/results.js';
import type { GroupContext } from './batch.js';
import type { BatchStatus } from './batch-status.js';
import { NodeAdder, NodeList } from './flow-nodes.js';
import type { FlowOptions, NodeOptions } from './flow-options.js';
import { MOST_NODES } from './flow-plan.js';
import { type NodePlaces, type SentNode, sendNodes } from './flow-sending.js';
import { invalidFlow } from './group-errors.js';
import { type CheckedOptions, checkedOptions } from './group-options.js';
import { persistent } from './persistent.js';
import type { Ref } from './ref.js';
import { cancelIn, statusIn } from './sent-group.js';

/**
 * How a flow stands.
 *
 * @example
 * const { state, culprit }: FlowStatus = await queue.flowById(id).status();
 */
export type FlowStatus = BatchStatus;

/** What flows need of the app that makes them. */
export interface FlowContext extends GroupContext {
  readonly results: Results;
}

/** The tasks that a flow was sent with. */
interface SentFlow {
  readonly list: NodeList;
  readonly nodes: readonly SentNode[];
  readonly sentAt: number;
}

/**
 * A flow that was sent: tasks that wait for the results of others.
 *
 * @example
 * const flow = queue.flow({ name: 'import' });
 * const text = flow.add(queue.of(PartTasks).extract, 7);
 * const sent = await flow.delay();
 * const result = await sent.result(text, { timeout: '1m' });
 */
export class Flow {
  readonly #context: Pick<FlowContext, 'groups' | 'results' | 'payloads'>;
  readonly #sent: SentFlow | undefined;

  /** @internal */
  constructor(
    context: Pick<FlowContext, 'groups' | 'results' | 'payloads'>,
    /** 20 characters, unique for ever */
    readonly id: string,
    sent?: SentFlow,
  ) {
    this.#context = context;
    this.#sent = sent;
  }

  /**
   * How the flow stands now.
   *
   * @throws NestworkError GROUP_UNKNOWN a day after its end; REDIS_UNAVAILABLE, REDIS_TIMEOUT
   */
  status(): Promise<FlowStatus> {
    return statusIn(this.#context.groups, 'flow', this.id, this.#context.payloads);
  }

  /**
   * Cancels the flow: no task of it starts any more, and the signals of those that run are aborted. Resolves to whether it had not ended.
   *
   * @throws NestworkError GROUP_UNKNOWN, REDIS_UNAVAILABLE, REDIS_TIMEOUT
   */
  cancel(): Promise<boolean> {
    return cancelIn(this.#context.groups, 'flow', this.id);
  }

  /** The id of a task of the flow, for `queue.status()` and the like. @throws NestworkError INVALID_FLOW for a Ref of another flow */
  idOf(ref: Ref): string {
    return this.nodeOf(ref).id;
  }

  /**
   * What a task of the flow returns, once it has ended.
   *
   * @param ref as `add()` of this flow returned it
   * @throws NestworkError INVALID_FLOW for a Ref of another flow; as `TaskHandle.result()` does
   */
  async result<Result>(ref: Ref<Result>, options: ResultOptions = {}): Promise<Result> {
    const { id, seconds } = this.nodeOf(ref);
    const sentAt = this.#sent?.sentAt ?? 0;
    return (await this.#context.results.of(id, patienceOf(options, 'result()'), { sentAt, seconds })) as Result;
  }

  private nodeOf(ref: Ref): SentNode {
    const number = this.#sent && ref.numberIn(this.#sent.list);
    const node = number === undefined ? undefined : this.#sent?.nodes[number];
    if (node) return node;
    throw invalidFlow(
      `Flow ${this.id}`,
      'the Ref belongs to another flow',
      'Give a Ref of the builder that sent this one.',
    );
  }
}

/**
 * A flow in the making. Nothing is sent before `delay()`.
 *
 * @example
 * const flow = queue.flow({ name: 'import', deadline: '1h' });
 * const parts = ids.map((id) => flow.add(queue.of(PartTasks).extract, id));
 * flow.add(queue.of(FlowTasks).merge, parts);
 * await flow.delay();
 */
export class FlowBuilder extends NodeAdder {
  readonly #context: FlowContext;
  readonly #checked: CheckedOptions;
  readonly #list: NodeList;
  readonly #places: NodePlaces = {};
  #opened: { readonly id: string; readonly openedAt: number } | undefined;
  #sending = false;

  /** @internal */
  constructor(context: FlowContext, options: FlowOptions = {}) {
    const list = new NodeList('the flow', MOST_NODES);
    super(list);
    this.#context = context;
    this.#checked = checkedOptions(options, [], 'flow()');
    this.#list = list;
  }

  /**
   * Adds tasks with other options than the default ones.
   *
   * @throws NestworkError INVALID_OPTION
   * @example
   * flow.with({ onFailure: 'skip' }).add(queue.of(FlowTasks).merge, parts);
   */
  with<Failure extends RefFailure = 'fail'>(options: NodeOptions<Failure>): NodeAdder<Failure> {
    return this.withOptions(options);
  }

  /**
   * Sends the flow: all of its tasks are in Redis then, and those start that wait for no other. A flow is sent once; a call that was
   * rejected may be repeated, and adds each task once.
   *
   * @throws NestworkError INVALID_FLOW: a task waits for one of another flow, or takes the result of a task that keeps none, or the flow
   * has no task; as `delay()` of a task does
   */
  async delay(): Promise<Flow> {
    const { groups, nextId, now } = this.#context;
    const list = this.#list;
    if (list.nodes.length === 0) throw invalidFlow('The flow', 'it has no task', 'Add one with add().');
    if (this.#sending) throw invalidFlow('The flow', 'it was sent already', 'Make another one.');
    list.close();
    this.#sending = true;
    this.#opened ??= { id: nextId(), openedAt: now() };
    const { id, openedAt } = this.#opened;
    const flow = {
      id,
      kind: 'flow',
      policy: 'fail',
      ...this.#checked,
      openedAt,
      done: undefined,
      failed: undefined,
    } as const;
    const open = (): Promise<void> => persistent(() => groups.open(flow));
    try {
      const nodes = await sendNodes({ flow: id, owner: list, open, places: this.#places }, list.nodes);
      return new Flow(this.#context, id, { list, nodes, sentAt: openedAt });
    } catch (error) {
      this.#sending = false;
      throw error;
    }
  }
}
