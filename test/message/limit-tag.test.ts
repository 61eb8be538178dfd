import * as fc from 'fast-check';
import { callTags } from '../../src/message/call-tags.js';
import { encodeLimitTag, LIMIT_KEY_LENGTH, limitKey, limitKeysOf, nameDigest } from '../../src/message/limit-tag.js';
import { HEADER_LENGTH, TAG_LENGTH, tagLetters, unreadTag } from '../../src/message/tags.js';
import { decodeMessage, encodeMessage } from '../../src/message/task-message.js';
import { encodeUnique } from '../../src/message/unique-key.js';

function message(tags: string | undefined): string {
  return encodeMessage({ id: 'k3v9x0q2m70000000007', name: 'Some.task', payload: '[7]', enqueuedAt: 1, tags });
}

describe('a limit key', () => {
  it('is what Redis has under the name and the key', () => {
    expect(nameDigest('stripe')).toBe('VRyNcW');
    expect(limitKey('stripe')).toBe(`VRyNcW${'-'.repeat(21)}`);
    expect(limitKey('stripe', 'acme')).toBe('VRyNcWtiduhVrPGROspu_46Ee3L');
    expect(limitKey('queue mail')).toHaveLength(LIMIT_KEY_LENGTH);
  });

  it('has 27 characters of base 64, and differs for each name and key', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_.:-]{1,30}$/);
    fc.assert(
      fc.property(name, name, fc.string(), fc.string(), (one, other, key, otherKey) => {
        expect(limitKey(one, key)).toMatch(/^[A-Za-z0-9_-]{27}$/);
        expect(limitKey(one, key) === limitKey(other, otherKey)).toBe(one === other && key === otherKey);
        expect(limitKey(one, key).slice(0, 6)).toBe(nameDigest(one));
      }),
    );
  });
});

describe('the limit keys of a message', () => {
  const keys = [limitKey('stripe', 'acme'), limitKey('mail'), limitKey('export', 'a\nb')];

  it('are read in the order of their declaration, behind the unique key and before all others', () => {
    const unique = encodeUnique('Some.task', 'k', 'finished');
    const group = { group: 'k3v9x0q2m70000000001', number: 3 };
    const start = keys.map(encodeLimitTag).join('');
    const raw = message(callTags(unique, { seconds: 60, announced: true }, group, start));
    expect(tagLetters(raw)).toBe('flllrg');
    expect(limitKeysOf(raw)).toEqual(keys);
    expect(decodeMessage(raw)).toMatchObject({ limits: keys, args: [7], unique: 'finished', group });
    expect(unreadTag(raw)).toBeUndefined();
  });

  it('are those with a slot that the message keeps, too', () => {
    const raw = message(keys.map(encodeLimitTag).join(''));
    const at = HEADER_LENGTH + TAG_LENGTH;
    const holding = `${raw.slice(0, at)}L${raw.slice(at + 1)}`;
    expect(tagLetters(holding)).toBe('lLl');
    expect(decodeMessage(holding).limits).toEqual(keys);
  });

  it('are none for a message without such tags', () => {
    expect(callTags(undefined, {}, undefined, undefined)).toBeUndefined();
    expect(limitKeysOf(message(undefined))).toEqual([]);
    expect(limitKeysOf(message(callTags(undefined, { seconds: 60, announced: true })))).toEqual([]);
  });
});
