import type { FlowNode, FlowNodeState } from '../../../inspector/groups/group-report.js';
import { followersOf, levelsOf } from '../../../inspector/groups/levels.js';
import { detached } from '../../live/shared.js';
import type { NodeLine, NodesPage, StepLine, StepsPage } from './wire.js';

/** Those that need somebody come first, and then those that move. */
const STATES: readonly FlowNodeState[] = [
  'dead',
  'failing',
  'deleted',
  'dropped',
  'cancelled',
  'sent',
  'waiting',
  'done',
];
/** Errors that are kept. */
const MOST_ERRORS = 1_000;
const MOST_ERROR_CHARACTERS = 200;
/** Steps that are named as those that another waits for. */
const MOST_NAMED = 5;
/** Steps that are listed: a person pages through no more, and more would be too large to be kept. */
const MOST_STEPS = 10_000;
const ID_LENGTH = 20;

interface Step {
  readonly key: string;
  readonly task: string;
  readonly queue: string;
  readonly level: number;
  /** indexes of its nodes */
  readonly nodes: number[];
}

/** A step with those that it waits for. */
interface PlacedStep extends Step {
  /** some of them */
  readonly after: readonly Step[];
  readonly afterMore: number;
}

/**
 * The nodes of a flow, put together to steps: nodes of one name that are equally far from the start. It is kept for all who look,
 * and a flow has up to 100,000 nodes, so it has as little as possible of each.
 */
export class FlowShape {
  private readonly ids: string;
  private readonly numbers: Uint32Array;
  private readonly waits: Uint32Array;
  private readonly states: Uint8Array;
  private readonly errors = new Map<number, string>();
  private readonly steps: readonly PlacedStep[];
  private readonly byKey: ReadonlyMap<string, PlacedStep>;
  private readonly unlisted: number;
  /** the tasks in it, one of each name and queue, also those of steps that are not listed */
  readonly tasks: readonly Pick<Step, 'queue' | 'task'>[];

  constructor(nodes: readonly FlowNode[]) {
    this.ids = nodes.map(({ id }) => id).join('');
    this.numbers = Uint32Array.from(nodes, ({ number }) => number);
    this.waits = Uint32Array.from(nodes, ({ waitsFor }) => waitsFor);
    this.states = Uint8Array.from(nodes, ({ state }) => STATES.indexOf(state));
    for (const [at, { error }] of nodes.entries()) {
      if (error !== undefined && this.errors.size < MOST_ERRORS)
        this.errors.set(at, detached(error.slice(0, MOST_ERROR_CHARACTERS)));
    }
    const steps = stepsOf(nodes);
    const named = new Map(steps.map(({ queue, task }) => [`${queue} ${task}`, { queue, task }]));
    this.tasks = [...named.values()];
    this.steps = steps.slice(0, MOST_STEPS);
    this.byKey = new Map(this.steps.map((step) => [step.key, step]));
    this.unlisted = steps.length - this.steps.length;
  }

  /** About how many bytes it takes. */
  get bytes(): number {
    return (
      this.states.length * (ID_LENGTH + 4 + 4 + 1 + 8) +
      this.steps.length * 300 +
      this.errors.size * 2 * MOST_ERROR_CHARACTERS
    );
  }

  stepsFrom(from: number, limit: number): StepsPage {
    const steps = this.steps.slice(from, from + limit).map((step) => this.line(step));
    return { steps, from, count: this.steps.length, unlisted: this.unlisted };
  }

  /** The nodes of a step, or those in one state; undefined where there is no such step. */
  nodesOf(key: string, state: string | undefined, from: number, limit: number): NodesPage | undefined {
    const step = this.byKey.get(key);
    if (!step) return undefined;
    const wanted = state === undefined ? -1 : STATES.indexOf(state as FlowNodeState);
    const nodes = step.nodes
      .filter((at) => state === undefined || this.states[at] === wanted)
      .sort((a, b) => (this.states[a] ?? 0) - (this.states[b] ?? 0) || a - b);
    return { nodes: nodes.slice(from, from + limit).map((at) => this.node(at)), from, count: nodes.length };
  }

  private line(step: PlacedStep): StepLine {
    const { key, task, queue, level, nodes, after, afterMore } = step;
    const counts = STATES.map(() => 0);
    for (const at of nodes) {
      const state = this.states[at] ?? 0;
      counts[state] = (counts[state] ?? 0) + 1;
    }
    const [only] = nodes;
    return {
      key,
      task,
      queue,
      level: level + 1,
      count: nodes.length,
      states: STATES.flatMap((state, at) => (counts[at] ? [[state, counts[at]] as const] : [])),
      after: after.map((each) => ({ key: each.key, task: each.task, count: each.nodes.length })),
      afterMore,
      only: nodes.length === 1 && only !== undefined ? this.node(only) : undefined,
    };
  }

  private node(at: number): NodeLine {
    return {
      number: this.numbers[at] ?? 0,
      id: this.ids.slice(at * ID_LENGTH, (at + 1) * ID_LENGTH),
      state: STATES[this.states[at] ?? 0] ?? 'waiting',
      waitsFor: this.waits[at] ?? 0,
      error: this.errors.get(at),
    };
  }
}

/** All steps, in the order in which they can run. */
function stepsOf(nodes: readonly FlowNode[]): PlacedStep[] {
  const next = followersOf(nodes);
  const levels = levelsOf(next);
  const steps = new Map<string, Step>();
  const before = new Map<Step, Set<Step>>();
  const stepAt = nodes.map(({ task, queue }, at) => {
    const level = levels[at] ?? 0;
    const key = `${level + 1} ${queue} ${task}`;
    const step = steps.get(key) ?? { key, task, queue, level, nodes: [] };
    if (step.nodes.length === 0) before.set(step, new Set());
    steps.set(key, step);
    step.nodes.push(at);
    return step;
  });
  for (const [at, followers] of next.entries()) {
    const step = stepAt[at];
    for (const follower of followers) {
      const later = stepAt[follower];
      if (step && later) before.get(later)?.add(step);
    }
  }
  return [...before]
    .map(([step, all]) => {
      const after = [...all].slice(0, MOST_NAMED);
      return { ...step, after, afterMore: all.size - after.length };
    })
    .sort((a, b) => a.level - b.level);
}
