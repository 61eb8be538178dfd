import { randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { encodePayload } from '../../src/payload/payload.js';
import { isSealed, PayloadCodec, PLAIN_PAYLOADS, SEALED_WORD } from '../../src/payload/payload-codec.js';

const TASK = 'Some.task';
const keys = [randomBytes(32)];
const sealing = new PayloadCodec({ keys });
const compressing = new PayloadCodec({ compressFrom: 1_000 });
const both = new PayloadCodec({ keys, compressFrom: 1_000 });

const VALUES: [string, unknown[]][] = [
  ['no arguments', []],
  ['JSON', [7, { name: 'Ünïcode 🎉' }]],
  ['more than JSON', [new Date(7), new Map([[1n, undefined]]), Buffer.from('bytes'), Number.NaN]],
  ['large ones', ['x'.repeat(100_000), { list: Array.from({ length: 1_000 }, (_, index) => index) }]],
];

describe.each([
  ['plain', PLAIN_PAYLOADS, false],
  ['that compresses', compressing, false],
  ['that seals', sealing, true],
  ['that seals and compresses', both, true],
] as const)('a codec %s', (_, codec, isSealedNow) => {
  it.each(VALUES)('gives back %s', (__, args) => {
    const payload = encodePayload(args);
    for (const text of [codec.encode(payload, TASK, isSealedNow), codec.encodeRepeatedly(payload, TASK, isSealedNow)]) {
      const value: unknown = JSON.parse(text);
      expect(isSealed(value)).toBe(isSealedNow);
      expect(codec.decode(value, TASK, 'a task', text)).toEqual(args);
    }
    const result = codec.encodeResult(payload, 'id', isSealedNow);
    expect(codec.decodeResult(JSON.parse(result), 'id', 'a result', result)).toEqual(args);
  });
});

describe('compression', () => {
  it('takes payloads from its size on', () => {
    const [small, large] = ['x'.repeat(900), 'x'.repeat(2_000)].map((text) => encodePayload([text])) as [
      string,
      string,
    ];
    expect(compressing.encode(small, TASK, false)).toBe(small);
    expect(compressing.encode(large, TASK, false).length).toBeLessThan(200);
    expect(both.encode(large, TASK, true).length).toBeLessThan(250);
  });

  it('counts bytes, and not characters', () => {
    for (const [text, isCompressed] of [
      ['ü'.repeat(500), true],
      ['ü'.repeat(497), false],
    ] as const) {
      const payload = encodePayload([text]);
      expect(Buffer.byteLength(payload)).toBe(text.length * 2 + 4);
      expect(compressing.encode(payload, TASK, false).startsWith('{"z":')).toBe(isCompressed);
      expect(compressing.encodeResult(payload, 'id', false).startsWith('{"z":')).toBe(isCompressed);
    }
  });

  it('leaves what it would make larger', () => {
    const noise = encodePayload([randomBytes(4_000).toString('base64')]);
    expect(compressing.encode(noise, TASK, false)).toBe(noise);
  });

  it('is read by every codec', () => {
    const text = compressing.encode(encodePayload(['x'.repeat(2_000)]), TASK, false);
    expect(PLAIN_PAYLOADS.decode(JSON.parse(text), TASK, 'a task')).toEqual(['x'.repeat(2_000)]);
  });

  it('of foreign bytes that would fill the memory is refused', () => {
    const bomb = deflateRawSync(Buffer.alloc(50_000_000)).toString('base64url');
    expect(() => PLAIN_PAYLOADS.decode({ z: bomb }, TASK, 'task 7')).toThrow(
      expect.objectContaining({ code: 'UNDECODABLE_MESSAGE' }),
    );
  });

  it.each([
    ['no deflate', { z: 'bm90IGRlZmxhdGU' }],
    ['no JSON', { z: deflateRawSync(Buffer.from('{')).toString('base64url') }],
    ['no payload', { z: deflateRawSync(Buffer.from('7')).toString('base64url') }],
    ['two fields', { z: 'AA', s: 'AA' }],
    ['no text', { z: 7 }],
    ['another object', { a: 'b' }],
  ])('of %s is refused', (_, value) => {
    expect(() => PLAIN_PAYLOADS.decode(value, TASK, 'task 7')).toThrow(
      expect.objectContaining({ code: 'UNDECODABLE_MESSAGE' }),
    );
  });
});

describe('a sealed payload', () => {
  it('cannot be read for another task, as a result, or without keys', () => {
    const value: unknown = JSON.parse(sealing.encode('[7]', TASK, true));
    expect(() => sealing.decode(value, 'Other.task', 'task 7')).toThrow(/PAYLOAD_ALTERED/);
    expect(() => sealing.decodeResult(value, TASK, 'task 7')).toThrow(/PAYLOAD_ALTERED/);
    expect(() => PLAIN_PAYLOADS.decode(value, TASK, 'task 7')).toThrow(/PAYLOAD_SEALED/);
  });

  it.each(['', '.', 'short', 'ABCDEFGH', 'ABCDEFGH.', '!BCDEFGH.AAAA'])('that is %j is refused', (s) => {
    for (const codec of [sealing, PLAIN_PAYLOADS])
      expect(() => codec.decode({ s }, TASK, 'task 7')).toThrow(/PAYLOAD_(ALTERED|SEALED)/);
  });
});

describe('a sealed text', () => {
  it('is opened with its key, and is a word without', () => {
    const text = sealing.sealText('no route to user 7', 'id');
    expect(text).not.toContain('user');
    expect(sealing.openText(text, 'id')).toBe('no route to user 7');
    expect(sealing.openText(text, 'other id')).toBe(SEALED_WORD);
    expect(PLAIN_PAYLOADS.openText(text, 'id')).toBe(SEALED_WORD);
    expect(new PayloadCodec({ keys: [randomBytes(32)] }).openText(text, 'id')).toBe(SEALED_WORD);
  });

  it('is told from others by its form', () => {
    for (const text of ['', 'no route', '{"s":7}', '{"s":"no seal"}', '{"s":'])
      expect(sealing.openText(text, 'id')).toBe(text);
  });

  it('is left out where there is no key to seal it with', () => {
    expect(PLAIN_PAYLOADS.sealText('no route to user 7', 'id')).toBe(SEALED_WORD);
  });
});

describe('a digest', () => {
  it('of a codec with keys is an HMAC that its key decides', () => {
    const digestKey = randomBytes(32);
    const [one, two] = [
      new PayloadCodec({ keys, digestKey }),
      new PayloadCodec({ keys: [randomBytes(32)], digestKey }),
    ];
    const digests = [PLAIN_PAYLOADS, sealing, one].map((codec) => codec.digest('Some.task\nuser-7'));
    expect(new Set(digests).size).toBe(3);
    for (const digest of digests) expect(digest).toMatch(/^[\w-]{27}$/);
    expect(two.digest('Some.task\nuser-7')).toBe(one.digest('Some.task\nuser-7'));
  });

  it('is looked for under each key, and without', () => {
    const former = randomBytes(32);
    const rotated = new PayloadCodec({ keys: [...keys, former] });
    const made = [sealing, new PayloadCodec({ keys: [former] }), PLAIN_PAYLOADS].map((codec) => codec.digest('a'));
    expect(rotated.digests('a')).toEqual(made);
    expect(PLAIN_PAYLOADS.digests('a')).toEqual([PLAIN_PAYLOADS.digest('a')]);
  });
});
