import type {
  ClosedLimit,
  HeldSlots,
  LimitEnded,
  LimitKeyRecord,
  LimitRecord,
  LimitRulesPort,
  LimitSet,
  WaitingFor,
} from '../../broker/port/limit-rules-port.js';
import { NestworkError } from '../../errors.js';

/** Without Redis limits hold as they are declared. */
export class MemoryLimitRules implements LimitRulesPort {
  async names(): Promise<string[]> {
    return [];
  }

  async read(names: readonly string[]): Promise<(LimitRecord | undefined)[]> {
    if (names.length === 0) return [];
    throw notInMemory();
  }

  async held(): Promise<HeldSlots> {
    return { byName: new Map(), isWhole: true };
  }

  async closed(): Promise<ClosedLimit[]> {
    return [];
  }

  async waiting(names: readonly string[]): Promise<WaitingFor[]> {
    return names.map(() => ({ lines: 0, tasks: 0 }));
  }

  async keys(): Promise<{ keys: LimitKeyRecord[]; next: undefined }> {
    throw notInMemory();
  }

  async key(): Promise<LimitKeyRecord> {
    throw notInMemory();
  }

  async set(): Promise<LimitSet> {
    throw notInMemory();
  }

  async reset(): Promise<LimitEnded> {
    throw notInMemory();
  }
}

function notInMemory(): NestworkError {
  return new NestworkError('NOT_IN_MEMORY_MODE', 'The limits of an app in memory cannot be looked at or changed.', [
    'Give the test a Redis: `RedisServer` of nestwork/testing starts one.',
    'Or test that it calls limits.set(), with a double for Inspector.',
  ]);
}
