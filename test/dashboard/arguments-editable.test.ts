import * as fc from 'fast-check';
import { callAsCode } from '../../src/dashboard/arguments/argument-code.js';
import { editableText } from '../../src/dashboard/arguments/editable-text.js';
import { readEditable } from '../../src/dashboard/arguments/read-editable.js';
import { Redaction } from '../../src/dashboard/arguments/redaction.js';
import { NOTHING_HIDDEN } from '../../src/payload/argument-spans.js';
import { decodePayload, encodePayload } from '../../src/payload/payload.js';
import { picture } from '../payload/picture.js';

const carriable = fc.anything({
  key: fc
    .oneof(fc.string({ unit: 'binary' }), fc.constantFrom('$date', '$redacted', '$', 'a.b'))
    .filter((key) => key !== '__proto__'),
  values: [
    fc.boolean(),
    fc.integer(),
    fc.double(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      null,
      undefined,
      Number.NaN,
      -0,
      Infinity,
      -Infinity,
      /"\\\//gimsuy,
      new URL('http://a/?b#c'),
      new URLSearchParams('a=1'),
    ),
    fc.bigInt(),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array().map((array) => Buffer.from(array)),
    fc.uint8Array().map((array) => array.slice().buffer),
  ],
  maxDepth: 4,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withSparseArray: true,
  withTypedArray: true,
  withBigInt: true,
  withDate: true,
});

it('editable text comes back as exactly the arguments that travelled', async () => {
  await fc.assert(
    fc.property(fc.array(carriable), (given) => {
      const payload = encodePayload(given);
      const args = decodePayload(JSON.parse(payload));
      const back = readEditable(editableText(args, NOTHING_HIDDEN).text, []);
      expect(picture(back)).toBe(picture(args));
      expect(encodePayload(back)).toBe(encodePayload(args));
    }),
    { numRuns: 400 },
  );
});

it('editable text keeps what is the same object at two places, and takes no room for it', () => {
  let shared: unknown = [1n];
  for (let level = 0; level < 50; level += 1) shared = [shared, shared];
  const { text } = editableText([shared, shared], NOTHING_HIDDEN);
  expect(text.length).toBeLessThan(20_000);
  const [first, second] = readEditable(text, []) as unknown[][];
  expect([first === second, first?.[0] === first?.[1]]).toEqual([true, true]);
});

describe('a hidden value in editable text', () => {
  const hider = new Redaction(['**.number', '[1]']).of({ task: 'T.t', queue: 'q' });
  const args = [{ card: { number: '4111', name: 'Ada' }, number: '7' }, 'secret'];
  const { text, hidden } = editableText(args, hider);
  const edited = (from: string, to: string): unknown[] => readEditable(text.replace(from, to), hidden);

  it('is a placeholder, and comes back where it was', () => {
    expect(text).not.toMatch(/4111|"7"|secret/);
    expect(readEditable(text, hidden)).toEqual(args);
    expect(edited('"Ada"', '"Bob"')).toEqual([{ card: { number: '4111', name: 'Bob' }, number: '7' }, 'secret']);
  });

  it('may be replaced or left out', () => {
    expect(edited('{\n      "$redacted": 3\n    }', '8')).toBeDefined();
    const [first] = readEditable('[{"number": 8}]', hidden);
    expect(first).toEqual({ number: 8 });
  });

  it.each([
    ['[{"card": {"name": {"$redacted": 1}}}]', 'Line 1, column 34: a hidden value stays where it was'],
    ['[\n  {"$redacted": 3}\n]', 'Line 2, column 17: a hidden value stays where it was'],
    ['[{"number": {"$redacted": 9}}]', 'Line 1, column 27: there is no hidden value of this number'],
    [
      '[{"card": {"number": {"$redacted": 1}}}, {"$same": "[0].card.number"}]',
      'Line 1, column 52: no object stands there',
    ],
  ])('is refused elsewhere: %s', (moved, message) => {
    expect(() => readEditable(moved, hidden)).toThrow(message);
  });
});

it.each([
  ['{}', 'Line 1, column 1: the arguments are a list'],
  ['[1,\n  2', 'Line 2, column 4: a comma or ] is missing'],
  ['[1] 2', 'Line 1, column 5: the text should end here'],
  ['[{"a": 1, "a": 2}]', 'Line 1, column 11: the name "a" is there twice'],
  ['[{a: 1}]', 'Line 1, column 3: a name in quotes is missing'],
  ['["a\n"]', 'Line 1, column 2: a text in quotes has a line break'],
  ["['a']", 'Line 1, column 2: no value of JSON begins so'],
  ['["a', 'Line 1, column 2: a text has no quote at its end'],
  ['[1e999]', 'Line 1, column 2: the number is too large'],
  ['[', 'Line 1, column 2: a value is missing'],
  ['[{"$date": "soon"}]', 'Line 1, column 12: this is no date'],
  ['[{"$bigint": "1.5"}]', 'Line 1, column 14: this makes no such value'],
  ['[{"$day": 1}]', 'Line 1, column 2: nothing is called $day'],
  ['[{"$date": null, "b": 1}]', 'Line 1, column 2: $date must be alone'],
  ['[{"__proto__": 1}]', 'Line 1, column 3: no argument may have a property with this name'],
  ['[{"a": {"$hole": true}}]', 'Line 1, column 8: only a list has holes'],
  [`${'['.repeat(500)}`, 'it nests too deep'],
])('editable text %j is refused with its place', (text, message) => {
  expect(() => readEditable(text, [])).toThrow(message);
});

it('a call as code names class and method, and hides what is hidden', () => {
  const hider = new Redaction(['[1].iban']).of({ task: 'T.t', queue: 'q' });
  const args = [7n, { iban: 'CH', at: new Date(0), tags: new Set(['a']) }];
  expect(callAsCode('MailTasks.send', args, hider)).toBe(
    'await queue.of(MailTasks).send.delay(\n  7n,\n  { iban: undefined /* redacted */, at: new Date(\'1970-01-01T00:00:00.000Z\'), tags: new Set(["a"]) },\n);',
  );
  expect(callAsCode('nightly', [1], NOTHING_HIDDEN)).toBe(`await inspector.tasks.send("nightly", [1], { by: 'me' });`);
});
