import type { GroupBroker, GroupPort, GroupRecord, GroupTimes } from '../../broker/port/group-port.js';
import { NestworkError } from '../../errors.js';

/** Batches and flows, in memory: none can be made. */
export class MemoryGroups implements GroupBroker, GroupPort {
  open = refuse;
  add = refuse;
  reserve = refuse;
  addNodes = refuse;
  seal = refuse;
  cancel = refuse;

  async read(groups: readonly string[]): Promise<(GroupRecord | undefined)[]> {
    return groups.map(() => undefined);
  }

  async page(): Promise<{ places: []; left: number }> {
    return { places: [], left: 0 };
  }

  async times(groups: readonly string[]): Promise<GroupTimes[]> {
    return groups.map(() => ({ filling: false, endedAt: undefined }));
  }

  async nodes(): Promise<{ nodes: []; next: undefined }> {
    return { nodes: [], next: undefined };
  }

  async waitingNode(): Promise<undefined> {}
}

async function refuse(): Promise<never> {
  throw new NestworkError(
    'NOT_IN_MEMORY_MODE',
    "Batches and flows are not run in the mode 'memory' of TaskQueueTestingModule.",
    ['Test them against a Redis: RedisServer of nestwork/testing starts one.'],
  );
}
