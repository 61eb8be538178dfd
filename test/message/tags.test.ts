import * as fc from 'fast-check';
import { bodyStart, HEADER_LENGTH, TAG_LENGTH, tagLetters, tagOf, unreadTag } from '../../src/message/tags.js';
import { decodeMessage, encodeMessage, uniqueUntil } from '../../src/message/task-message.js';
import { encodeUnique } from '../../src/message/unique-key.js';

const ID = 'k3v9x0q2m70000000007';

function message(tags: string): string {
  return encodeMessage({ id: ID, name: 'Some.task', payload: '[7]', enqueuedAt: 1, tags });
}

describe('the tags of a message', () => {
  const tag = fc
    .tuple(fc.constantFrom(...'abfgLloqrsxZ'), fc.stringMatching(/^[A-Za-z0-9_-]{27}$/))
    .map(([letter, rest]) => letter + rest);

  it('are found by their letters in any order and number, and the body behind them is read', () => {
    fc.assert(
      fc.property(fc.array(tag, { maxLength: 6 }), (tags) => {
        const raw = message(tags.join(''));
        const letters = tags.map((each) => each.charAt(0));
        expect(tagLetters(raw)).toBe(letters.join(''));
        expect(bodyStart(raw)).toBe(HEADER_LENGTH + TAG_LENGTH * tags.length);
        for (const letter of letters)
          expect(tagOf(raw, letter)).toBe(tags.find((each) => each.startsWith(letter))?.slice(1));
        expect(decodeMessage(raw)).toMatchObject({ id: ID, name: 'Some.task', args: [7] });
        expect(unreadTag(raw)).toBe(letters.find((letter) => !'sfrglLoq'.includes(letter)));
      }),
    );
  });

  it('are absent in most messages', () => {
    const raw = message('');
    expect([tagLetters(raw), bodyStart(raw), tagOf(raw, 'f'), unreadTag(raw)]).toEqual([
      '',
      HEADER_LENGTH,
      undefined,
      undefined,
    ]);
  });

  it.each(['', 'short', `${ID}10000`])('are absent in the foreign bytes %j', (raw) => {
    expect([tagLetters(raw), bodyStart(raw), tagOf(raw, 'f')]).toEqual(['', HEADER_LENGTH, undefined]);
  });

  it('contain until when a task is unique, at any position', () => {
    const newer = `x${'f'.repeat(27)}`;
    expect(uniqueUntil(message(newer + encodeUnique('Some.task', 'k', 'started')))).toBe('started');
    expect(uniqueUntil(message(encodeUnique('Some.task', 'k', 'finished') + newer))).toBe('finished');
    expect(uniqueUntil(message(newer))).toBeUndefined();
  });
});

/** Bytes that the packed version wrote before messages had tags; the second was tried again once. */
describe('a message of an earlier version', () => {
  const PLAIN = 'k3v9x0q2m7ab00000007100000mi8kl4w0["ReportTasks.send",[7,{"weekly":true}]]';
  const UNIQUE = 'k3v9x0q2m7ab00000008101000mi8kl4w0fKTBTOszbvl6HA1T-Y1aV_5RZIWs["ReportTasks.send",[7],{"retries":5}]';
  const HISTORY =
    '\n{"at":1763712000000,"attempt":1,"code":"TASK_FAILED","error":"Error: no","host":"web-1","pid":4711}';

  it('without a key is read', () => {
    expect(decodeMessage(PLAIN)).toMatchObject({ name: 'ReportTasks.send', args: [7, { weekly: true }], failures: 0 });
    expect(unreadTag(PLAIN)).toBeUndefined();
  });

  it('with a key and a history is read', () => {
    const read = decodeMessage(UNIQUE + HISTORY);
    expect(read).toMatchObject({ args: [7], options: { retries: 5 }, failures: 1, unique: 'finished', tried: true });
    expect(tagOf(UNIQUE, 'f')).toBe('KTBTOszbvl6HA1T-Y1aV_5RZIWs');
  });

  it('is the same, byte for byte, but for the lane in its id', () => {
    const of = { name: 'ReportTasks.send', enqueuedAt: 1_763_712_000_000 };
    expect(encodeMessage({ id: PLAIN.slice(0, 20), payload: '[7,{"weekly":true}]', ...of })).toBe(PLAIN);
  });
});
