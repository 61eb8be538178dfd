import { type FlowLevel, flowLevels } from '../../src/inspector/groups/flow-levels.js';
import type { FlowNode, FlowNodeState } from '../../src/inspector/groups/group-report.js';

type Given = readonly [task: string, next: readonly number[], state?: FlowNodeState, code?: string];

function nodesOf(...given: readonly Given[]): FlowNode[] {
  return given.map(([task, next, state = 'waiting', code], number) => ({
    ...{ number, id: `id${number}`, task, queue: 'default', state, waitsFor: 0, next },
    ...{ code, error: code && 'Error: no' },
  }));
}

const short = ({ level, task, count, states, first, failed }: FlowLevel): unknown[] => [
  ...[level, task, count, states, first.number],
  ...(failed ? [failed.number] : []),
];

describe('the levels of a flow', () => {
  it('have tasks of one name together that are as far from the beginning, and count their states', () => {
    const nodes = nodesOf(['a', [3], 'done'], ['a', [3], 'done'], ['b', [3], 'sent'], ['a', []]);
    expect(flowLevels(nodes).map(short)).toEqual([
      [0, 'a', 2, { done: 2 }, 0],
      [0, 'b', 1, { sent: 1 }, 2],
      [1, 'a', 1, { waiting: 1 }, 3],
    ]);
  });

  it('count the longest way to a task', () => {
    const nodes = nodesOf(['a', [1, 3]], ['b', [2]], ['c', [3]], ['d', []]);
    expect(flowLevels(nodes).map(({ level, task }) => [level, task])).toEqual([
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
      [3, 'd'],
    ]);
  });

  it('have tasks that a running one has added before those that wait for them', () => {
    const nodes = nodesOf(['split', [1]], ['merge', []], ['part', [3]], ['part', [1]]);
    expect(flowLevels(nodes).map(({ level, task, count }) => [level, task, count])).toEqual([
      [0, 'split', 1],
      [0, 'part', 1],
      [1, 'part', 1],
      [2, 'merge', 1],
    ]);
  });

  it('name the first task that has failed, one with an error before others', () => {
    const nodes = nodesOf(
      ['a', [], 'done'],
      ['a', [], 'cancelled'],
      ['a', [], 'dead', 'CRASHED'],
      ['b', [], 'dropped'],
    );
    expect(flowLevels(nodes).map(short)).toEqual([
      [0, 'a', 3, { done: 1, cancelled: 1, dead: 1 }, 0, 2],
      [0, 'b', 1, { dropped: 1 }, 3, 3],
    ]);
  });

  it('of which a part was read alone have all of that', () => {
    const nodes = nodesOf(['a', [1]], ['b', [7]]);
    expect(flowLevels(nodes).map(({ level, task }) => [level, task])).toEqual([
      [0, 'a'],
      [1, 'b'],
    ]);
    expect(flowLevels([])).toEqual([]);
  });
});
