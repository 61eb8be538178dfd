import { jest } from '@jest/globals';
import type { EndedTask, KeptResult, ResultBroker } from '../../src/broker/port/result-port.js';
import { NestworkError } from '../../src/errors.js';
import { ResultWaits } from '../../src/results/result-waits.js';

const PRODUCER = 'k3v9x0q2m700';
const MINE = `${PRODUCER}00000001`;
const OTHER = `${PRODUCER}00000002`;
const FOREIGN = 'zzzzzzzzzz0000000001';

let nowMs = 0;
beforeEach(() => {
  nowMs = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** A broker whose announcements the test makes, one answer after the other. */
class FakeBroker implements ResultBroker {
  readonly kept = new Map<string, KeptResult>();
  readonly reads: (readonly string[])[] = [];
  private readonly answers: (readonly string[] | undefined | Error)[] = [];
  private wake: () => void = () => {};

  async read(ids: readonly string[]): Promise<(KeptResult | undefined)[]> {
    this.reads.push(ids);
    return ids.map((id) => this.kept.get(id));
  }

  async ended(): Promise<readonly EndedTask[] | undefined> {
    while (this.answers.length === 0) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    const answer = this.answers.shift();
    if (answer instanceof Error) throw answer;
    return answer?.map((id) => ({ id }));
  }

  answer(...answers: (readonly string[] | undefined | Error)[]): void {
    this.answers.push(...answers);
    this.wake();
  }

  stopWaiting(): void {
    this.answer(undefined);
  }
}

function start(): { broker: FakeBroker; waits: ResultWaits } {
  const broker = new FakeBroker();
  const waits = new ResultWaits({ broker, producer: PRODUCER, closed: (id) => new Error(`closed ${id}`) });
  return { broker, waits };
}

it('a task that is about to be sent is looked at when it is announced, and not before', async () => {
  const { broker, waits } = start();
  const { result } = waits.wait(MINE, { isNew: true });
  broker.kept.set(MINE, { stored: 'd[1]' });
  broker.answer([OTHER], [MINE]);
  expect(await result).toEqual({ stored: 'd[1]' });
  expect(broker.reads).toEqual([[MINE]]);
  broker.stopWaiting();
});

it('several waits for one task end with one look', async () => {
  const { broker, waits } = start();
  broker.kept.set(MINE, 'cancelled');
  const results = [waits.wait(MINE), waits.wait(MINE)].map(({ result }) => result);
  expect(await Promise.all(results)).toEqual(['cancelled', 'cancelled']);
  expect(broker.reads).toEqual([[MINE]]);
  broker.stopWaiting();
});

it('a result whose announcement was lost is found by a look after 5 s', async () => {
  const { broker, waits } = start();
  const { result } = waits.wait(MINE, { isNew: true });
  broker.kept.set(MINE, { stored: 'd[1]' });
  broker.answer([]);
  nowMs = 5_000;
  broker.answer([]);
  expect(await result).toEqual({ stored: 'd[1]' });
  broker.stopWaiting();
});

it('a result whose announcement was lost with the connection is found by the next look', async () => {
  const { broker, waits } = start();
  const { result } = waits.wait(MINE, { isNew: true });
  broker.kept.set(MINE, { stored: 'd[1]' });
  broker.answer(new NestworkError('REDIS_UNAVAILABLE', 'Gone.', 'Wait.'), []);
  expect(await result).toEqual({ stored: 'd[1]' });
  broker.stopWaiting();
});

it('a connection that breaks again and again does not keep a result from being found', async () => {
  const { broker, waits } = start();
  const { result } = waits.wait(MINE, { isNew: true });
  const gone = new NestworkError('REDIS_UNAVAILABLE', 'Gone.', 'Wait.');
  broker.kept.set(MINE, { stored: 'd[1]' });
  broker.answer(gone);
  expect(await result).toEqual({ stored: 'd[1]' });
});

it('a wait that fails while its task is being sent leaves no rejection that nobody handles', async () => {
  const { broker, waits } = start();
  const { result } = waits.wait(MINE, { isNew: true });
  broker.stopWaiting();
  await new Promise((resolve) => setTimeout(resolve, 10));
  await expect(result).rejects.toThrow(`closed ${MINE}`);
});

it('a right that is missing fails those who wait', async () => {
  const { broker, waits } = start();
  const { result } = waits.wait(MINE, { isNew: true });
  broker.answer(new NestworkError('REDIS_FORBIDDEN', 'No.', 'Give it.'));
  await expect(result).rejects.toMatchObject({ code: 'REDIS_FORBIDDEN' });
});

it('the end of the connection fails those who wait', async () => {
  const { broker, waits } = start();
  const { result } = waits.wait(MINE, { isNew: true });
  broker.stopWaiting();
  await expect(result).rejects.toThrow(`closed ${MINE}`);
});

it('a wait that is given up is not looked after', async () => {
  const { broker, waits } = start();
  const { giveUp } = waits.wait(MINE, { isNew: true });
  const { result } = waits.wait(OTHER, { isNew: true });
  giveUp();
  broker.kept.set(OTHER, { stored: 'd[2]' });
  broker.answer([MINE, OTHER]);
  await result;
  expect(broker.reads).toEqual([[OTHER]]);
  broker.stopWaiting();
});

it('tasks of other senders are looked for by one command, again and again', async () => {
  const { broker, waits } = start();
  const results = [waits.wait(FOREIGN), waits.wait(`${FOREIGN.slice(0, -1)}2`)].map(({ result }) => result);
  while (broker.reads.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(new Set(broker.reads.map(({ length }) => length))).toEqual(new Set([2]));
  for (const id of broker.reads[0] ?? []) broker.kept.set(id, { stored: 'd[3]' });
  expect(await Promise.all(results)).toEqual([{ stored: 'd[3]' }, { stored: 'd[3]' }]);
  broker.stopWaiting();
});
