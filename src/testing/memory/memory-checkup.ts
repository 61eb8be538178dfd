import type { CheckupPort, KeyPage, ServerFacts, SessionRecord } from '../../broker/port/checkup-port.js';
import type { Clock } from '../../values/clock.js';

/** A test has no server, so nothing about one is known. */
export class MemoryCheckup implements CheckupPort {
  readonly where = 'the memory of the test';
  readonly database = 0;

  constructor(private readonly clock: Clock) {}

  key(name: string): string {
    return name;
  }

  async server(): Promise<ServerFacts> {
    return {
      version: undefined,
      isSupported: true,
      oldest: 0,
      isCluster: false,
      replicaOf: undefined,
      evictionPolicy: undefined,
      usedMemory: undefined,
      maxMemory: undefined,
      appends: undefined,
      failedSave: undefined,
    };
  }

  async memory(): Promise<undefined> {
    return undefined;
  }

  async setting(): Promise<undefined> {
    return undefined;
  }

  async now(): Promise<number> {
    return this.clock();
  }

  async format(): Promise<{ found: undefined; expected: string }> {
    return { found: undefined, expected: '' };
  }

  async size(): Promise<number> {
    return 0;
  }

  async scan(): Promise<KeyPage> {
    return { cursor: undefined, looked: 0, keys: [] };
  }

  async sessions(): Promise<SessionRecord[]> {
    return [];
  }

  async heldBy(): Promise<number> {
    return 0;
  }
}
