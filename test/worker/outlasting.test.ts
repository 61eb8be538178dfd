import { EnqueueUnconfirmedError, NestworkError } from '../../src/errors.js';
import { outlasting } from '../../src/worker/outlasting.js';

const away = (code: 'REDIS_UNAVAILABLE' | 'REDIS_TIMEOUT' | 'REDIS_REFUSED') =>
  new NestworkError(code, 'no answer', []);
const task = { signal: new AbortController().signal };

/** A command that fails with each of these, and then succeeds. */
function failing(...errors: Error[]): () => Promise<string> {
  return async () => {
    const error = errors.shift();
    if (error) throw error;
    return 'done';
  };
}

it('a command is repeated while Redis is away', async () => {
  const errors = [away('REDIS_UNAVAILABLE'), away('REDIS_TIMEOUT'), new EnqueueUnconfirmedError([])];
  await expect(outlasting(task, failing(...errors))).resolves.toBe('done');
});

it('a command that Redis refuses is not repeated', async () => {
  const command = failing(away('REDIS_REFUSED'));
  await expect(outlasting(task, command)).rejects.toMatchObject({ code: 'REDIS_REFUSED' });
  await expect(command()).resolves.toBe('done');
});

it('a command of a task that is to end is not repeated', async () => {
  const controller = new AbortController();
  const command = async (): Promise<never> => {
    controller.abort(new Error('cancelled'));
    throw away('REDIS_UNAVAILABLE');
  };
  await expect(outlasting(controller, command)).rejects.toThrow('cancelled');
});
