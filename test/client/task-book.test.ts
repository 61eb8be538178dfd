import { jest } from '@jest/globals';
import type { RegisteredTask } from '../../src/broker/port/broker.js';
import { TaskBook } from '../../src/client/task-book.js';

const BULK = { queue: 'bulk' };
const CRITICAL = { queue: 'critical' };

let nowMs = 0;
beforeEach(() => {
  jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** A book over a catalog that gives these answers in turn, and the names that it was asked for. */
function bookOf(...answers: (RegisteredTask | undefined | Error)[]): { book: TaskBook; asked: string[] } {
  const asked: string[] = [];
  const book = new TaskBook(async (name) => {
    asked.push(name);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  });
  return { book, asked };
}

describe('the registered task of a name', () => {
  it('is looked up once, also for calls at the same time', async () => {
    const { book, asked } = bookOf(BULK);
    expect(await Promise.all([book.find('a'), book.find('a')])).toEqual([BULK, BULK]);
    expect(book.find('a')).toBe(BULK);
    expect(asked).toEqual(['a']);
  });

  it('is looked up again after a minute, when a deploy may have moved the task', async () => {
    const { book } = bookOf(BULK, CRITICAL);
    await book.find('a');
    nowMs += 59_999;
    expect(book.find('a')).toBe(BULK);
    nowMs += 1;
    expect(await book.find('a')).toBe(CRITICAL);
  });

  it('is looked up again when no worker had it, or Redis did not answer', async () => {
    const { book } = bookOf(undefined, new Error('away'), BULK);
    expect(await book.find('a')).toBeUndefined();
    await expect(book.find('a')).rejects.toThrow('away');
    expect(await book.find('a')).toBe(BULK);
  });

  it('of a call that names its queue is not looked up again for a while when no worker had it', async () => {
    const { book, asked } = bookOf(undefined, BULK);
    expect(await book.findIfKnown('a')).toBeUndefined();
    nowMs += 4_999;
    expect(book.findIfKnown('a')).toBeUndefined();
    nowMs += 1;
    expect(await book.findIfKnown('a')).toBe(BULK);
    expect(asked).toEqual(['a', 'a']);
  });

  it('of a call that names its queue is refused when Redis does not answer: the task may have limits', async () => {
    const { book } = bookOf(new Error('away'), BULK);
    await expect(book.findIfKnown('a')).rejects.toThrow('away');
    expect(await book.findIfKnown('a')).toBe(BULK);
  });
});
