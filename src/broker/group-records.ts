import type { Culprit, GroupRecord, GroupState, NewNode, NodeRecord, NodeState } from './port/group-port.js';

const KINDS = { b: 'batch', f: 'flow' } as const;
const GROUP = /^([bf]) (fail|end) ([a-z]+)((?: \d+){9})$/;
const NODE = /^([a-z]+) (\d+) (fail|end) [01] [01] (\w+) (\S+) (.*)$/;

/** What is kept of a group beside its counts: its name, a newline, and the rest, all JSON. */
export function encodeAbout(name: string, rest: { openedAt: number; deadlineAt: number | undefined }): string {
  return `${JSON.stringify(name)}\n${JSON.stringify(rest)}`;
}

/** A group as lib/groups.lua writes it; undefined for bytes of others. */
export function groupOf(
  id: string,
  stored: string | null | undefined,
  about: string | null | undefined,
  culprit: string | null | undefined,
): GroupRecord | undefined {
  const [, kind, , state, numbers = ''] = GROUP.exec(stored ?? '') ?? [];
  if (kind === undefined) return undefined;
  const [open = 0, total = 0, done = 0, dead = 0, deleted = 0, dropped = 0, cancelled = 0] = numbers
    .trim()
    .split(' ')
    .map(Number);
  const failed = dead + deleted;
  const [name = '', rest = ''] = (about ?? '').split('\n');
  const { openedAt, deadlineAt } = Object(json(rest)) as Partial<Record<'openedAt' | 'deadlineAt', unknown>>;
  return {
    id,
    kind: KINDS[kind as 'b' | 'f'],
    name: String(json(name) ?? ''),
    state: state as GroupState,
    ended: open <= 0,
    ...{ total, done, failed, dropped, cancelled, waiting: Math.max(0, total - done - failed - dropped - cancelled) },
    openedAt: typeof openedAt === 'number' ? openedAt : 0,
    deadlineAt: typeof deadlineAt === 'number' ? deadlineAt : undefined,
    culprit: (json(culprit ?? '') as Culprit | undefined) ?? undefined,
  };
}

/** A node as a script takes it: what NODE of lib/groups.lua reads, without its state. */
export function encodeNode({ waits, policy, covered, name, queue, message }: NewNode): string {
  return `${waits} ${policy} ${covered ? 1 : 0} 0 ${message.slice(0, 20)} ${queue} ${name}`;
}

export function nodeOf(
  number: number,
  stored: string | null | undefined,
  waiting: string | null | undefined,
): NodeRecord | undefined {
  const [, state, waits, policy, id = '', queue = '', name = ''] = NODE.exec(stored ?? '') ?? [];
  if (state === undefined) return undefined;
  return {
    ...{ number, id, queue, name },
    state: state as NodeState,
    waits: Number(waits),
    policy: policy === 'end' ? 'end' : 'fail',
    waiting: waiting ? waiting.split(',').map(Number) : [],
  };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
