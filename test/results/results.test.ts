import type { TaskPlace } from '../../src/broker/port/broker.js';
import type { KeptResult } from '../../src/broker/port/result-port.js';
import { callTags } from '../../src/message/call-tags.js';
import { TaskIdSequence } from '../../src/message/task-id.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { encodeDone } from '../../src/message/task-result.js';
import { Results } from '../../src/results/results.js';

/** The id of a task that another process has sent. */
const ID = new TaskIdSequence().next();
const PATIENCE = { timeoutMs: 60_000, signal: undefined };

let results: Results;
let kept: KeptResult | undefined;
let looked: number;
let onLook: () => void;
let onSearch: (place: TaskPlace) => void;
let searches: number;
let stop: () => void;
beforeEach(() => {
  [kept, looked, searches, onLook] = [undefined, 0, 0, () => {}];
  const stopped = new Promise<undefined>((resolve) => (stop = () => resolve(undefined)));
  const broker = {
    results: {
      read: async (ids: readonly string[]) => {
        looked += 1;
        onLook();
        return ids.map(() => kept);
      },
      ended: () => stopped,
      stopWaiting: stop,
    },
    locate: () => {
      searches += 1;
      return new Promise<TaskPlace>((resolve) => (onSearch = resolve));
    },
  };
  results = new Results({ broker, producer: 'another one' });
});
afterEach(() => stop());

function asking(seconds: number | undefined): string {
  const tags = callTags(undefined, { seconds, announced: false });
  return encodeMessage({ id: ID, name: 'Some.task', payload: '[]', enqueuedAt: 1, tags });
}

describe('the result of a task of another process', () => {
  it('that is kept is read without a search', async () => {
    kept = { stored: encodeDone(7) };
    expect(await results.of(ID, PATIENCE)).toBe(7);
    expect([looked, searches]).toEqual([1, 0]);
  });

  it('comes as soon as the task ends, however long the search for it takes', async () => {
    // the first look comes before the search
    onLook = () => {
      if (searches > 0) kept = { stored: encodeDone(7) };
    };
    expect(await results.of(ID, PATIENCE)).toBe(7);
    expect(searches).toBe(1);
  });

  it('is awaited no longer than its timeout, however long the search takes', async () => {
    await expect(results.of(ID, { ...PATIENCE, timeoutMs: 1 })).rejects.toMatchObject({ code: 'RESULT_TIMEOUT' });
    expect(searches).toBe(1);
  });

  it.each([
    ['RESULT_NOT_KEPT', { state: 'pending', message: asking(undefined) }],
    ['RESULT_EXPIRED', { state: 'unknown' }],
    ['RESULT_EXPIRED', { state: 'dead', queue: 'default' }],
  ] as const)('rejects with %s when it is found as %j', async (code, place) => {
    const result = results.of(ID, PATIENCE).catch((error: unknown) => error);
    onLook = () => onSearch?.(place);
    expect(await result).toMatchObject({ code });
  });

  it('of one that is found comes at its end', async () => {
    const result = results.of(ID, PATIENCE);
    onLook = () => {
      onSearch?.({ state: 'active', message: asking(60) });
      if (looked > 3) kept = { stored: encodeDone(7) };
    };
    expect(await result).toBe(7);
    expect([looked, searches]).toEqual([4, 1]);
  });
});
