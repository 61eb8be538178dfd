import { jest } from '@jest/globals';
import { QueueBook } from '../../src/client/queue-book.js';

let nowMs = 0;
beforeEach(() => {
  jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** A book over a catalog that gives these answers in turn, and the names that it was asked for. */
function bookOf(...answers: (string | undefined | Error)[]): { book: QueueBook; asked: string[] } {
  const asked: string[] = [];
  const book = new QueueBook(async (name) => {
    asked.push(name);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  });
  return { book, asked };
}

describe('the queue of a name', () => {
  it('is looked up once, also for calls at the same time', async () => {
    const { book, asked } = bookOf('bulk');
    expect(await Promise.all([book.queueOf('a'), book.queueOf('a')])).toEqual(['bulk', 'bulk']);
    expect(book.queueOf('a')).toBe('bulk');
    expect(asked).toEqual(['a']);
  });

  it('is looked up again after a minute, when a deploy may have moved the task', async () => {
    const { book } = bookOf('bulk', 'critical');
    await book.queueOf('a');
    nowMs += 59_999;
    expect(book.queueOf('a')).toBe('bulk');
    nowMs += 1;
    expect(await book.queueOf('a')).toBe('critical');
  });

  it('is looked up again when no worker had it, or Redis did not answer', async () => {
    const { book } = bookOf(undefined, new Error('away'), 'bulk');
    expect(await book.queueOf('a')).toBeUndefined();
    await expect(book.queueOf('a')).rejects.toThrow('away');
    expect(await book.queueOf('a')).toBe('bulk');
  });
});
