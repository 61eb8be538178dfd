import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { NestworkError } from '../../src/errors.js';
import { describeError } from '../../src/worker/describe-error.js';

/** An error one of whose properties does harm when it is read, or cannot be printed. */
function errorWith(property: 'name' | 'message' | 'stack' | 'cause', harm: PropertyDescriptor): Error {
  return Object.defineProperty(new Error('harmless'), property, harm);
}

describe('describeError', () => {
  it('tells name, message and stack of an error', () => {
    const error = new TypeError('not a function');
    expect(describeError(error)).toEqual({
      code: 'TASK_FAILED',
      error: 'TypeError: not a function',
      stack: error.stack,
    });
  });

  it('tells an error of another realm as one, such as those of Node in Jest', () => {
    const error: unknown = runInNewContext("new TypeError('fetch failed', { cause: new RangeError('no route') })");
    expect(error).not.toBeInstanceOf(Error);
    const told = describeError(error);
    expect(told).toMatchObject({
      code: 'TASK_FAILED',
      error: 'TypeError: fetch failed (caused by RangeError: no route)',
    });
    expect(told.stack).toMatch(/^TypeError: fetch failed\n[\s\S]*\ncaused by RangeError: no route/);
  });

  it('keeps the code of our own errors', () => {
    expect(describeError(new NestworkError('UNKNOWN_TASK', 'No such task.', []))).toMatchObject({
      code: 'UNKNOWN_TASK',
      error: expect.stringContaining('No such task.'),
    });
  });

  it('tells the causes, up to five', () => {
    const chain = (level: number): Error => {
      const error = new Error(`level ${level}`, { cause: level === 6 ? undefined : chain(level + 1) });
      error.stack = `Error: level ${level}\n    at somewhere`;
      return error;
    };
    const causes = [1, 2, 3, 4, 5].map((level) => `caused by Error: level ${level}\n    at somewhere`);
    expect(describeError(chain(0)).stack).toBe(['Error: level 0\n    at somewhere', ...causes].join('\n'));
  });

  it('does not follow a cause that leads to itself for ever', () => {
    const error = new Error('ouroboros');
    error.cause = error;
    expect(describeError(error)).toMatchObject({ error: 'Error: ouroboros' });
  });

  it.each<[unknown, string]>([
    ['a string', 'thrown: a string'],
    [7, 'thrown: 7'],
    [undefined, 'thrown: undefined'],
    [null, 'thrown: null'],
    [Symbol('sign'), 'thrown: Symbol(sign)'],
    [10n, 'thrown: 10'],
    [Object.create(null), 'thrown: {}'],
    [
      {
        toString: () => {
          throw new Error('not even that');
        },
      },
      'thrown: { toString: [Function] }',
    ],
  ])('tells of %p that it was thrown', (value, error) => {
    expect(describeError(value)).toEqual({ code: 'TASK_FAILED', error });
  });

  it('is of bounded size', () => {
    const huge = 'x'.repeat(1_000_000);
    const error = new Error(huge, { cause: new Error(huge) });
    for (const value of [error, huge, Object.assign(new Error('short'), { stack: huge })]) {
      expect(JSON.stringify(describeError(value)).length).toBeLessThan(12_000);
    }
  });

  it('does without a stack', () => {
    const error = new Error('bare');
    error.stack = undefined;
    expect(describeError(error)).toMatchObject({ error: 'Error: bare' });
  });

  // were it to throw, the child would die of it, and nobody could tell by which task
  it.each(['name', 'message', 'stack', 'cause'] as const)('survives an error whose %s cannot be read', (property) => {
    const unreadable = (): never => {
      throw new Error('unreadable');
    };
    expect(describeError(errorWith(property, { get: unreadable }))).toMatchObject({ code: 'TASK_FAILED' });
    expect(describeError(errorWith(property, { value: Symbol('unprintable') }))).toMatchObject({ code: 'TASK_FAILED' });
    expect(describeError(errorWith(property, { value: Object.create(null) }))).toMatchObject({ code: 'TASK_FAILED' });
  });

  it('survives whatever is thrown, in a form that JSON carries', () => {
    return fc.assert(
      fc.asyncProperty(fc.anything(), async (value) => {
        const described = describeError(value);
        expect(JSON.parse(JSON.stringify(described))).toEqual({ ...described });
      }),
    );
  });
});
