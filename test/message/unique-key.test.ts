import { TAG_LENGTH } from '../../src/message/tags.js';
import { encodeUnique } from '../../src/message/unique-key.js';

describe('encodeUnique', () => {
  it.each([
    ['user-7', 'started', 's'],
    ['user-7', 'finished', 'f'],
    ['x', 'finished', 'f'],
    ['ü\n\u0000 %s', 'finished', 'f'],
    ['x'.repeat(1_000), 'started', 's'],
  ] as const)('gives %j until %s a mark and a digest of fixed width', (key, until, mark) => {
    const unique = encodeUnique('Some.task', key, until);
    expect(unique).toHaveLength(TAG_LENGTH);
    expect(unique).toMatch(new RegExp(`^${mark}[A-Za-z0-9_-]{27}$`));
  });

  it('gives one digest to one key of one task, for each `until`', () => {
    const digests = [
      encodeUnique('Some.task', 'k', 'started'),
      encodeUnique('Some.task', 'k', 'finished'),
      encodeUnique('Some.task', 'l', 'finished'),
      encodeUnique('Other.task', 'k', 'finished'),
    ].map((unique) => unique.slice(1));
    expect(digests[0]).toBe(digests[1]);
    expect(new Set(digests).size).toBe(3);
  });

  it.each(['user-\ud800', '\udc00', '\udc00\ud800'])(
    'refuses %j, whose digest would equal the digest of other keys',
    (key) => {
      const what = { code: 'INVALID_OPTION', message: expect.stringContaining('has a lone surrogate') };
      expect(() => encodeUnique('Some.task', key, 'finished')).toThrow(expect.objectContaining(what));
    },
  );

  it.each([[''], ['x'.repeat(1_001)], [null], [7], [undefined], [{}], [['k']]])('refuses %p', (key) => {
    const what = { code: 'INVALID_OPTION', message: expect.stringContaining('call of task "Some.task"') };
    expect(() => encodeUnique('Some.task', key as string, 'finished')).toThrow(expect.objectContaining(what));
  });
});
