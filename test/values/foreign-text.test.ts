import { explain } from '../../src/broker/redis/redis-errors.js';
import { NestworkError } from '../../src/errors.js';
import { InvalidPayloadError } from '../../src/payload/refusals.js';
import { BROADCAST_QUEUE } from '../../src/task/broadcast.js';
import type { TaskDefinition } from '../../src/task/task-definition.js';
import { unknownQueue } from '../../src/values/queue-names.js';
import { unknownTask, wrongKind } from '../../src/worker/preflight.js';

const FORGED = `\u001b[31m\u202e\0\nforged ${'x'.repeat(100_000)}`;
const definition = { name: FORGED, where: 'A.b in AppModule' } as TaskDefinition;
const reply = (message: string): Error => Object.assign(new Error(message), { name: 'ReplyError' });

// text from Redis, or from a server in its place, must not forge lines of a log
it.each<[string, Error | undefined]>([
  ['the name of a task', unknownTask(FORGED)],
  ['the name of a broadcast', wrongKind(definition, BROADCAST_QUEUE)],
  ['the name of a queue', unknownQueue(FORGED, 'with()', ['default'])],
  [
    'the answer of a server',
    explain(reply(FORGED), { where: '127.0.0.1:6379', timeoutMs: 7, resent: false, occasion: 'call' }),
  ],
  ['the words of a schema', new InvalidPayloadError({ task: 'A.b', argument: 0 }, [{ path: FORGED, message: FORGED }])],
])('%s is cut and escaped in an error', (_what, error) => {
  const { message } = error ?? new Error();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
  expect(message).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]|^forged/m);
  expect(message).toContain('\\x1b[31m\\u202e\\x00\\nforged xxx');
  expect(message.length).toBeLessThan(3_000);
});

it('an error of nestwork keeps its line breaks and escapes other control characters', () => {
  const { message } = new NestworkError('INVALID_OPTION', 'a\u001b[1m\n  b\u2028', ['c\nd']);
  expect(message).toBe('a\\x1b[1m [INVALID_OPTION]\n  b\\u2028\n\nPotential solutions:\n- c\\nd');
});
