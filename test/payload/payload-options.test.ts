import { randomBytes } from 'node:crypto';
import { resolvePayload, sealsData } from '../../src/payload/payload-options.js';

const [one, two] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];

describe('the option `payload`', () => {
  it('seals nothing by default', () => {
    const plain = resolvePayload(undefined);
    expect(plain.codec.canSeal).toBe(false);
    expect(sealsData(undefined, plain, 'a task')).toBe(false);
    expect(resolvePayload({ compress: '8KiB' }).codec.canSeal).toBe(false);
  });

  it.each([
    [undefined, undefined, true],
    [undefined, false, false],
    ['marked', undefined, false],
    ['marked', true, true],
  ] as const)('with tasks: %p and `encrypt: %p` of a task seals it: %p', (tasks, encrypt, expected) => {
    const resolved = resolvePayload({ encrypt: { keys: [one], ...(tasks && { tasks }) } });
    expect(sealsData(encrypt, resolved, 'a task')).toBe(expected);
  });

  it('refuses a task that is to be sealed without keys', () => {
    expect(() => sealsData(true, resolvePayload(undefined), '@Task() on MailTasks.send')).toThrow(
      expect.objectContaining({ code: 'PAYLOAD_KEYS_NEEDED', message: expect.stringContaining('MailTasks.send') }),
    );
  });

  it('leaves out further keys that are undefined', () => {
    expect(resolvePayload({ encrypt: { keys: [one, undefined, two] } }).codec.canSeal).toBe(true);
  });

  it.each([
    ['keys that are none', { encrypt: { keys: one } }, /payload\.encrypt\.keys` is no list/],
    ['no keys', { encrypt: { keys: [] } }, /an empty list/],
    ['no first key', { encrypt: { keys: [undefined, one] } }, /payload\.encrypt\.keys\[0\]` is undefined/],
    [
      'a key twice',
      { encrypt: { keys: [one, two, one] } },
      /payload\.encrypt\.keys\[2\]` is in the list a second time/,
    ],
    ['a short key', { encrypt: { keys: [one, 'short'] } }, /payload\.encrypt\.keys\[1\]` is text of 5 characters/],
    ['a digest key that is none', { encrypt: { keys: [one], digestKey: 7 } }, /payload\.encrypt\.digestKey` is number/],
    ['other tasks', { encrypt: { keys: [one], tasks: 'some' } }, /payload\.encrypt\.tasks/],
    ['an unknown option', { encrypted: true }, /encrypted/],
    ['an unknown option of encrypt', { encrypt: { keys: [one], algorithm: 'des' } }, /algorithm/],
    ['a size that is none', { compress: '8 kilos' }, /payload\.compress/],
    ['what is no object', true, /payload/],
  ])('refuses %s', (_, given, message) => {
    expect(() => resolvePayload(given as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(message) }),
    );
  });
});
