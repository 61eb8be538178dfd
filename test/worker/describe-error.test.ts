import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { NestworkError } from '../../src/errors.js';
import { describeError } from '../../src/worker/describe-error.js';

/** An error one of whose properties does harm when it is read, or cannot be printed. */
function errorWith(property: 'name' | 'message' | 'stack' | 'cause', harm: PropertyDescriptor): Error {
  return Object.defineProperty(new Error('harmless'), property, harm);
}

describe('describeError', () => {
  it('contains name, message and stack of an error', () => {
    const error = new TypeError('not a function');
    expect(describeError(error)).toEqual({
      code: 'TASK_FAILED',
      error: 'TypeError: not a function',
      stack: error.stack,
    });
  });

  it('describes an error of another realm as an error, for example an error of Node in Jest', () => {
    const error: unknown = runInNewContext("new TypeError('fetch failed', { cause: new RangeError('no route') })");
    expect(error).not.toBeInstanceOf(Error);
    const described = describeError(error);
    expect(described).toMatchObject({
      code: 'TASK_FAILED',
      error: 'TypeError: fetch failed (caused by RangeError: no route)',
    });
    expect(described.stack).toMatch(/^TypeError: fetch failed\n[\s\S]*\ncaused by RangeError: no route/);
  });

  it('keeps the code of a NestworkError', () => {
    expect(describeError(new NestworkError('UNKNOWN_TASK', 'No such task.', []))).toMatchObject({
      code: 'UNKNOWN_TASK',
      error: expect.stringContaining('No such task.'),
    });
  });

  it('contains up to five causes', () => {
    const chain = (level: number): Error => {
      const error = new Error(`level ${level}`, { cause: level === 6 ? undefined : chain(level + 1) });
      error.stack = `Error: level ${level}\n    at somewhere`;
      return error;
    };
    const causes = [1, 2, 3, 4, 5].map((level) => `caused by Error: level ${level}\n    at somewhere`);
    expect(describeError(chain(0)).stack).toBe(['Error: level 0\n    at somewhere', ...causes].join('\n'));
  });

  it('stops at a cause that leads back to its error', () => {
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
  ])('describes %p as a thrown value', (value, error) => {
    expect(describeError(value)).toEqual({ code: 'TASK_FAILED', error });
  });

  it('is of bounded size', () => {
    const huge = 'x'.repeat(1_000_000);
    const error = new Error(huge, { cause: new Error(huge) });
    for (const value of [error, huge, Object.assign(new Error('short'), { stack: huge })]) {
      expect(JSON.stringify(describeError(value)).length).toBeLessThan(12_000);
    }
  });

  it('describes an error without a stack', () => {
    const error = new Error('bare');
    error.stack = undefined;
    expect(describeError(error)).toMatchObject({ error: 'Error: bare' });
  });

  // an error thrown here would end the child, and no log line would name the task
  it.each(['name', 'message', 'stack', 'cause'] as const)('describes an error whose %s cannot be read', (property) => {
    const unreadable = (): never => {
      throw new Error('unreadable');
    };
    expect(describeError(errorWith(property, { get: unreadable }))).toMatchObject({ code: 'TASK_FAILED' });
    expect(describeError(errorWith(property, { value: Symbol('unprintable') }))).toMatchObject({ code: 'TASK_FAILED' });
    expect(describeError(errorWith(property, { value: Object.create(null) }))).toMatchObject({ code: 'TASK_FAILED' });
  });

  it('returns an object that JSON can carry, for any thrown value', () => {
    return fc.assert(
      fc.asyncProperty(fc.anything(), async (value) => {
        const described = describeError(value);
        expect(JSON.parse(JSON.stringify(described))).toEqual({ ...described });
      }),
    );
  });
});
