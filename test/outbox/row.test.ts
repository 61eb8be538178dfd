import type { OutboxCall } from '../../src/broker/port/relay-port.js';
import { encodeMessage } from '../../src/message/task-message.js';
import { decodeRow, encodeRow } from '../../src/outbox/row.js';

const ID = 'k3v9x0q2m70000000001';
const message = encodeMessage({ id: ID, name: 'A.b', payload: '["ü \\n",7]', enqueuedAt: 1_700_000_000_000 });
const CALL: OutboxCall = { queue: 'default', message };

function stored(call: OutboxCall): Parameters<typeof decodeRow>[0] {
  const { taskId, queue, message: bytes } = encodeRow(call);
  return { task_id: taskId, queue, message: bytes };
}

it.each<OutboxCall>([
  CALL,
  { ...CALL, queue: '(broadcast)' },
  { ...CALL, dueAt: 1_700_000_000_001 },
  { ...CALL, onConflict: 'replace', labels: ['a'.repeat(27), 'a key\nof two lines'] },
])('a row holds the call %#', (call) => {
  expect(decodeRow(stored(call))).toEqual(call);
});

it('a row of a Uint8Array is read as one of a Buffer', () => {
  const row = stored(CALL);
  expect(decodeRow({ ...row, message: new Uint8Array(row.message as Buffer) })).toEqual(CALL);
});

it('labels that are none are not written', () => {
  expect(encodeRow({ ...CALL, labels: [] }).message.toString()).toBe(`1{}\n${message}`);
});

it.each([
  ['no bytes', 'text', 'its message is not UTF-8'],
  ['another version', Buffer.from(`2{}\n${message}`), 'its message has the version "2", and not 1'],
  ['nothing', Buffer.from(''), 'its message has the version "", and not 1'],
  ['one line', Buffer.from('1{}'), 'what stands beside its message cannot be read'],
  ['a list', Buffer.from(`1[]\n${message}`), 'what stands beside its message cannot be read'],
  ['a time that is none', Buffer.from(`1{"due":-1}\n${message}`), 'what stands beside its message cannot be read'],
  [
    'a conflict that is none',
    Buffer.from(`1{"conflict":"x"}\n${message}`),
    'what stands beside its message cannot be read',
  ],
  ['labels that are none', Buffer.from(`1{"labels":[7]}\n${message}`), 'what stands beside its message cannot be read'],
  ['no header', Buffer.from(`1{}\n${ID}`), 'its message does not begin as one of a task'],
])('a row with %s holds no call', (_, bytes, why) => {
  expect(decodeRow({ ...stored(CALL), message: bytes })).toBe(why);
});

it.each([
  [{ task_id: 'other' }, 'its task_id is not that of its message'],
  [{ queue: 'a b' }, 'its queue has no valid name'],
  [{ queue: null }, 'its queue has no valid name'],
])('a row with %j holds no call', (changed, why) => {
  expect(decodeRow({ ...stored(CALL), ...changed })).toBe(why);
});
