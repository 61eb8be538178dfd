import { randomBytes } from 'node:crypto';
import { keyIdOf, readKey, Sealer } from '../../src/payload/seal.js';

const [current, older, other] = [randomBytes(32), randomBytes(32), randomBytes(32)] as const;
const sealer = new Sealer([current]);
const text = Buffer.from('["the secret of user 7"]');

describe('a seal', () => {
  it('shows nothing of its text, and is another each time', () => {
    const seals = [1, 2, 3].map(() => sealer.seal(text, 'args Some.task'));
    expect(new Set(seals).size).toBe(3);
    for (const seal of seals) {
      expect(seal).toMatch(/^[\w-]{8}\.[\w-]+$/);
      expect(Buffer.from(seal.slice(9), 'base64url').includes('secret')).toBe(false);
      expect(sealer.open(seal, 'args Some.task', 'a task')).toEqual(text);
    }
  });

  it('begins with the id of its key, which is the same in each process', () => {
    const [one, two] = [sealer.seal(text, ''), new Sealer([current, older]).seal(text, '')].map(keyIdOf);
    expect(one).toBe(two);
    expect(keyIdOf(new Sealer([older]).seal(text, ''))).not.toBe(one);
    expect(keyIdOf('no seal')).toBeUndefined();
  });

  it('is opened with any of several keys', () => {
    const former = new Sealer([older]).seal(text, 'here');
    expect(new Sealer([current, older]).open(former, 'here', 'a task')).toEqual(text);
  });

  it('whose key is not there is refused as PAYLOAD_SEALED with the id of that key', () => {
    const seal = new Sealer([other]).seal(text, 'here');
    const open = () => new Sealer([current, older]).open(seal, 'here', 'task 7');
    expect(open).toThrow(expect.objectContaining({ code: 'PAYLOAD_SEALED' }));
    expect(open).toThrow(`The data of task 7 is sealed with the key "${keyIdOf(seal)}"`);
  });

  it('for another place is refused as PAYLOAD_ALTERED', () => {
    const seal = sealer.seal(text, 'args Some.task');
    expect(() => sealer.open(seal, 'args Other.task', 'task 7')).toThrow(
      expect.objectContaining({ code: 'PAYLOAD_ALTERED' }),
    );
  });

  it('of which any character was changed, or that was cut anywhere, is refused as PAYLOAD_ALTERED or PAYLOAD_SEALED', () => {
    const seal = sealer.seal(text, 'here');
    for (let at = 0; at < seal.length; at += 1) {
      const cut = seal.slice(0, at);
      expect(() => sealer.open(cut, 'here', 'a task')).toThrow(/PAYLOAD_(ALTERED|SEALED)/);
      // the last character has bits that stand for nothing
      if (at === 8 || at === seal.length - 1) continue;
      const changed = `${cut}${seal.charAt(at) === 'A' ? 'B' : 'A'}${seal.slice(at + 1)}`;
      expect(() => sealer.open(changed, 'here', 'a task')).toThrow(/PAYLOAD_(ALTERED|SEALED)/);
    }
  });

  it('that is repeated is the same for equal texts, and another for another text, place or key', () => {
    const seal = sealer.sealRepeatably(text, 'args Some.task');
    expect(new Sealer([current]).sealRepeatably(text, 'args Some.task')).toBe(seal);
    expect(sealer.open(seal, 'args Some.task', 'a cron')).toEqual(text);
    const others = [
      sealer.sealRepeatably(Buffer.from('[]'), 'args Some.task'),
      sealer.sealRepeatably(text, 'args Other.task'),
      new Sealer([older]).sealRepeatably(text, 'args Some.task'),
    ];
    expect(new Set([seal, ...others]).size).toBe(4);
  });
});

describe('a key', () => {
  it('is text in base64 or base64url, 64 hex digits, or bytes', () => {
    const forms = [
      current.toString('base64'),
      current.toString('base64url'),
      current.toString('base64').replace('=', ''),
      current.toString('hex'),
      current.toString('hex').toUpperCase(),
      new Uint8Array(current),
      current,
    ];
    for (const form of forms) expect(readKey(form, 'keys[0]')).toEqual(current);
  });

  it.each([
    ['an empty text', ''],
    ['a text that is too short', 'c2hvcnQ='],
    ['31 bytes', Buffer.alloc(31, 7)],
    ['33 bytes in base64', Buffer.alloc(33, 7).toString('base64')],
    ['a password', 'correct horse battery staple, thirty-two'],
    ['32 characters', 'abcdefghijklmnopqrstuvwxyz012345'],
    ['a number', 7],
    ['null', null],
    ['nothing', undefined],
  ])('that is %s is refused, and not shown', (_, given) => {
    const read = () => readKey(given, 'payload.encrypt.keys[1]');
    expect(read).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
    expect(read).toThrow(/payload\.encrypt\.keys\[1\]/);
    if (typeof given === 'string' && given.length > 0) expect(read).not.toThrow(given);
  });
});
