import { labelOf } from '../../src/message/message-label.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { encodeUnique } from '../../src/message/unique-key.js';
import { encodePayload } from '../../src/payload/payload.js';

const ID = 'k3v9x0q2m7ab00000007';

function message(name: string, unique?: string): string {
  return encodeMessage({ id: ID, name, payload: encodePayload(['x']), enqueuedAt: 1_763_725_000_123, tags: unique });
}

it.each(['ReportTasks.send', 'a', 'a"b\\c', 'Tâche', '\u0000'.repeat(200)])('a label has the name %j', (name) => {
  const label = { name, sealed: false, enqueuedAt: 1_763_725_000_123, crashes: 0 };
  expect(labelOf(message(name))).toEqual(label);
  expect(labelOf(message(name, encodeUnique(name, 'key', 'started')))).toEqual(label);
  expect(labelOf(message(name, encodeUnique(name, 'key', 'finished')))).toEqual(label);
});

it('a label counts crashes', () => {
  const raw = message('a');
  expect(labelOf(`${raw.slice(0, 23)}z${raw.slice(24)}`)).toMatchObject({ crashes: 35 });
});

it.each([
  ['nothing', ''],
  ['another version', message('a').replace('71', '72')],
  ['a header cut short', message('a').slice(0, 33)],
  ['foreign bytes', `undecodable0123456789?${message('a')}`],
])('%s has no label', (_what, raw) => {
  expect(labelOf(raw)).toBeUndefined();
});

it.each(['', '{}', '[7,[]]', '["a', '["\\x",[]]'])('the body %j has no name', (body) => {
  expect(labelOf(message('a').slice(0, 34) + body)).toMatchObject({ name: undefined });
});
