import type { NestworkError } from '../errors.js';
import { type ArgumentRef, MOST_REFS, type RefFailure, runsOf } from '../message/task-refs.js';
import { invalidFlow } from './group-errors.js';
import type { GroupSender } from './member-call.js';
import { Ref, type RefOwner } from './ref.js';

/** Nodes of one flow. */
export const MOST_NODES = 100_000;
/** Nodes that one task can add to the flow in which it runs. */
export const MOST_ADDED = 1_000;

/** So often a task of a flow can wait for another one, in all: each is kept, and is a step of its own when that ends. */
const MOST_LINKS = 1_000_000;

/** A task that was added to a flow in the making. */
export interface PlannedNode {
  readonly sender: GroupSender;
  readonly args: readonly unknown[];
  readonly failure: RefFailure;
  readonly after: readonly unknown[];
}

/** What a node waits for, and what takes its result. */
export interface NodeLinks {
  /** numbers of the nodes that it waits for, each once */
  readonly waitsFor: readonly number[];
  /** its arguments, with `null` in place of results of others */
  readonly args: readonly unknown[];
  /** the arguments that are results of others */
  readonly refs: readonly (Omit<ArgumentRef, 'ids'> & { readonly of: readonly number[] })[];
}

/**
 * Finds what the tasks of a flow wait for. A task can only wait for one that was added before it, so there is no cycle.
 *
 * @throws NestworkError INVALID_FLOW: a Ref of another flow, one where none can be, one of a later task, or too many of them
 */
export function linksOf(owner: RefOwner, nodes: readonly PlannedNode[]): NodeLinks[] {
  let count = 0;
  return nodes.map((node, number) => {
    const links = new Links(owner, node, number).all();
    count += links.waitsFor.length;
    if (count > MOST_LINKS) throw tooManyLinks(titleOf(node, number));
    return links;
  });
}

function tooManyLinks(title: string): NestworkError {
  return invalidFlow(
    title,
    `up to here tasks wait for more than ${MOST_LINKS.toLocaleString('en-US')} others in all`,
    'Let many tasks that wait for the same others wait for one task in between.',
  );
}

/** How errors name a node. */
export function titleOf({ sender }: Pick<PlannedNode, 'sender'>, number: number): string {
  return `${sender.name} (node ${number} of the flow)`;
}

class Links {
  private readonly waitsFor = new Set<number>();
  private readonly title: string;

  constructor(
    private readonly owner: RefOwner,
    private readonly node: PlannedNode,
    private readonly number: number,
  ) {
    this.title = titleOf(node, number);
  }

  all(): NodeLinks {
    const refs: NodeLinks['refs'][number][] = [];
    const args = this.node.args.map((arg, at) => {
      const list = Array.isArray(arg) && arg.some((element) => element instanceof Ref);
      if (!list && !(arg instanceof Ref)) return arg;
      const all: readonly unknown[] = list ? arg : [arg];
      const of = all.map((ref, index) => this.numberOf(ref, list ? `args[${at}][${index}]` : `args[${at}]`));
      refs.push({ at, list, of });
      return null;
    });
    for (const [index, ref] of this.node.after.entries()) {
      const path = `after[${index}]`;
      if (!(ref instanceof Ref)) throw noRef(`${this.title}, ${path}`);
      this.numberOf(ref, path);
    }
    // a list may have the same Ref several times
    const most = refs.reduce((longest, { of }) => Math.max(longest, of.length), this.waitsFor.size);
    if (most > MOST_REFS) {
      throw invalidFlow(
        this.title,
        `it waits for ${most} tasks, and ${MOST_REFS.toLocaleString('en-US')} is the most`,
        'Put tasks in between that take a part each.',
      );
    }
    return { waitsFor: [...this.waitsFor], args, refs };
  }

  private numberOf(ref: unknown, path: string): number {
    const where = `${this.title}, ${path}`;
    if (!(ref instanceof Ref)) {
      throw invalidFlow(
        where,
        'a list with a Ref has something else, too',
        'Give a list of Refs alone, or of values alone.',
      );
    }
    const number = ref.numberIn(this.owner);
    if (number === undefined) {
      throw invalidFlow(where, 'the Ref belongs to another flow', 'Give a Ref that add() of this flow returned.');
    }
    if (number >= this.number) {
      throw invalidFlow(
        where,
        'the Ref is of a task that comes later, which would be a cycle',
        'Add that task before.',
      );
    }
    this.waitsFor.add(number);
    return number;
  }
}

function noRef(where: string): NestworkError {
  return invalidFlow(where, 'it is no Ref', 'Give a Ref that add() of this flow returned, or a list of them.');
}

/** The refs of a node as they travel: by the ids of the tasks. */
export function travellingRefs(
  refs: NodeLinks['refs'],
  failure: RefFailure,
  ids: readonly string[],
): { failure: RefFailure; args: ArgumentRef[] } | undefined {
  if (refs.length === 0) return undefined;
  const args = refs.map(({ at, list, of }) => ({ at, list, ids: runsOf(of.map((number) => ids[number] as string)) }));
  return { failure, args };
}
