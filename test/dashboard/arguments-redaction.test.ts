import { editableText } from '../../src/dashboard/arguments/editable-text.js';
import { Redaction } from '../../src/dashboard/arguments/redaction.js';
import {
  briefArguments,
  LONG,
  SHORT,
  shownArguments,
  shownValue,
} from '../../src/dashboard/arguments/shown-arguments.js';
import type { RedactFunction } from '../../src/dashboard/options.js';
import { argumentText } from '../../src/payload/argument-spans.js';

const TASK = { task: 'BillingTasks.charge', queue: 'billing' };

function text(rules: readonly (string | RedactFunction)[], ...args: unknown[]): string {
  return argumentText(args, new Redaction(rules).of(TASK));
}

describe('a path to hidden values', () => {
  const order = { card: { number: '4111', name: 'Ada' }, lines: [{ price: 1 }, { price: 2 }], iban: 'CH93' };

  it.each([
    ['[0].card.number', '[{card: {number: redacted, name: "Ada"}, lines: [{price: 1}, {price: 2}], iban: "CH93"}]'],
    ['*.iban', '[{card: {number: "4111", name: "Ada"}, lines: [{price: 1}, {price: 2}], iban: redacted}]'],
    [
      '[0].lines[*].price',
      '[{card: {number: "4111", name: "Ada"}, lines: [{price: redacted}, {price: redacted}], iban: "CH93"}]',
    ],
    ['[*].lines[1]', '[{card: {number: "4111", name: "Ada"}, lines: [{price: 1}, redacted], iban: "CH93"}]'],
    ['**.number', '[{card: {number: redacted, name: "Ada"}, lines: [{price: 1}, {price: 2}], iban: "CH93"}]'],
    [
      '[0].**.price',
      '[{card: {number: "4111", name: "Ada"}, lines: [{price: redacted}, {price: redacted}], iban: "CH93"}]',
    ],
    ['[0]["card"]', '[{card: redacted, lines: [{price: 1}, {price: 2}], iban: "CH93"}]'],
    ['[0]', '[redacted]'],
    ['*', '[redacted]'],
    ['[1].card', '[{card: {number: "4111", name: "Ada"}, lines: [{price: 1}, {price: 2}], iban: "CH93"}]'],
  ])('%s hides those alone', (path, expected) => {
    expect(text([path], order)).toBe(expected);
  });

  it('hides in a result what begins with that, with any way or with any step', () => {
    const result = { token: 'secret', list: [{ password: 'x' }] };
    const shown = (rule: string | RedactFunction): string => {
      const { lines } = shownValue(result, new Redaction([rule]).of(TASK).inside('result'), SHORT);
      return lines.map((line) => line.map(({ text }) => text).join('')).join('\n');
    };
    expect(shown('[0].token')).toBe('{token: "secret", list: [{password: "x"}]}');
    expect(shown('result.token')).toBe('{token: redacted, list: [{password: "x"}]}');
    expect(shown('*.token')).toBe('{token: redacted, list: [{password: "x"}]}');
    expect(shown('**.password')).toBe('{token: "secret", list: [{password: redacted}]}');
    expect(shown('result')).toBe('redacted');
    expect(shown((_, { path }) => path === 'result.list[0]')).toBe('{token: "secret", list: [redacted]}');
    expect(text(['result.token'], result)).toBe('[{token: "secret", list: [{password: "x"}]}]');
  });

  it('hides keys of a limit by its name, and by all that hides arguments whole', () => {
    const hides = (rule: string | RedactFunction, limit = 'stripe'): boolean =>
      new Redaction([rule]).hidesKey(limit, 'acme');
    expect(['limits.stripe', 'limits', 'limits.*', '*', '**.stripe'].filter((rule) => !hides(rule))).toEqual([]);
    expect(['limits.exports', '[0]', 'result', '**.acme', 'limits.stripe.acme'].filter((rule) => hides(rule))).toEqual(
      [],
    );
    expect(hides('limits["a.b"]', 'a.b')).toBe(true);
    const places: unknown[] = [];
    expect(hides((value, place) => places.push([value, place]) === 0)).toBe(false);
    const nobody = { task: '', queue: '' };
    expect(places).toEqual([
      [{ stripe: 'acme' }, { path: 'limits', ...nobody }],
      ['acme', { path: 'limits.stripe', ...nobody }],
    ]);
  });

  it('finds the keys of a Map as it finds properties, and the values of one by their place', () => {
    const map = new Map<unknown, unknown>([
      ['password', 'x'],
      [7, { password: 'y' }],
      [{ password: 'z' }, 1],
    ]);
    expect(text(['**.password'], map)).toBe(
      '[Map(3) {"password" => redacted, 7 => {password: redacted}, {password: redacted} => 1}]',
    );
  });

  it('hides names with dots and quotes that stand in brackets', () => {
    expect(text(['[0]["a.\\"b"]'], { 'a."b': 1, c: 2 })).toBe('[{"a.\\"b": redacted, c: 2}]');
  });

  it.each([
    '',
    'card.number',
    '[0]card',
    '[0].',
    '[0]..a',
    '.a',
    '[x]',
    '[0',
    '[-1]',
    '**',
    '**.**',
    '[0].a b',
    '["a]',
    '[0].[1]',
  ])('%j is refused when the dashboard is made', (path) => {
    expect(() => new Redaction([path])).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  });
});

describe('a function that hides values', () => {
  it('gets each value with its path, task and queue', () => {
    const seen: unknown[] = [];
    text([(value, place) => seen.push([value, place]) === 0], 'a', { b: [1n] });
    expect(seen).toEqual([
      ['a', { path: '[0]', ...TASK }],
      [{ b: [1n] }, { path: '[1]', ...TASK }],
      [[1n], { path: '[1].b', ...TASK }],
      [1n, { path: '[1].b[0]', ...TASK }],
    ]);
  });

  it('hides the value when it throws, answers nothing or answers later', () => {
    const fails: RedactFunction = (value) => {
      if (value === 'a') throw new Error('no');
      return false;
    };
    expect(text([fails], 'a', 'b')).toBe('[redacted, "b"]');
    expect(text([(() => undefined) as never], 'a')).toBe('[redacted]');
    expect(text([(async () => false) as never], 'a')).toBe('[redacted]');
  });

  it('hides the key of a Map, also in the paths of the text that can be edited', () => {
    const number: RedactFunction = (value) => value === '4111';
    const shared = { a: 1 };
    const args = [
      new Map<unknown, unknown>([
        ['4111', shared],
        ['b', shared],
      ]),
    ];
    const hider = new Redaction([number]).of(TASK);
    expect(argumentText(args, hider)).toBe('[Map(2) {redacted => {a: 1}, "b" => {a: 1}}]');
    expect(editableText(args, hider).text).not.toContain('4111');
  });
});

describe('arguments as the page shows them', () => {
  const plain = new Redaction([]).of(TASK);
  const lines = (args: readonly unknown[], bounds = SHORT): string[] =>
    shownArguments(args, plain, bounds).lines.map((line) => line.map((span) => span.text).join(''));

  it('have a line for each that fits, and break the others', () => {
    const options = { locale: 'de-CH', issuedAt: new Date(0), lines: [1, 2, 3], total: 4900n, note: 'x'.repeat(30) };
    expect(lines(['order-88213', options])).toEqual([
      '[0]  "order-88213"',
      '[1]  {',
      '  locale: "de-CH",',
      '  issuedAt: Date 1970-01-01T00:00:00.000Z,',
      '  lines: [1, 2, 3],',
      '  total: 4900n,',
      `  note: "${'x'.repeat(30)}"`,
      '}',
    ]);
  });

  it('have a form for each kind of value', () => {
    const sparse = [1, 2, 3];
    delete sparse[1];
    const kinds = [
      undefined,
      null,
      -0,
      Number.NaN,
      Infinity,
      new Map([[1, 'a']]),
      new Set([1]),
      /a/g,
      new URL('http://a/b'),
    ];
    const rest = [
      new URLSearchParams('a=1'),
      Buffer.from('hi'),
      new Uint16Array([1]),
      new Error('no'),
      sparse,
      Object.create(null),
    ];
    expect(argumentText([...kinds, ...rest])).toBe(
      '[undefined, null, -0, NaN, Infinity, Map(1) {1 => "a"}, Set(1) {1}, RegExp /a/g, URL "http://a/b", URLSearchParams "a=1", ' +
        'Buffer(2 bytes) 68 69, Uint16Array(2 bytes) 01 00, Error "no", [1, empty, 3], null {}]',
    );
  });

  it('run no getter, name the class of an instance and stop at a cycle', () => {
    class Money {
      readonly amount = 1;
      get secret(): string {
        throw new Error('called');
      }
    }
    const cycle: Record<string, unknown> = { a: 1 };
    cycle.self = cycle;
    const getter = Object.defineProperty({}, 'x', {
      enumerable: true,
      get: () => {
        throw new Error('called');
      },
    });
    expect(lines([new Money(), cycle, getter, () => 1, new Proxy({}, {})])).toEqual([
      '[0]  Money {amount: 1}',
      '[1]  {',
      '  a: 1,',
      '  self: [circular]',
      '}',
      '[2]  {',
      '  x: [function]',
      '}',
      '[3]  [function]',
      '[4]  [proxy]',
    ]);
  });

  it('keep markup and marks that turn the writing round as text', () => {
    expect(lines(['<script>alert(1)</script>', 'a\u202eb\n'])).toEqual([
      '[0]  "<script>alert(1)</script>"',
      '[1]  "a\\u202eb\\n"',
    ]);
  });

  it('say how much is left out of what is long', () => {
    const many = shownArguments(
      [Array.from({ length: 1_254 }, (_, index) => `part ${index}`), 'y'.repeat(10_740)],
      plain,
      SHORT,
    );
    const text = many.lines.map((line) => line.map((span) => span.text).join(''));
    expect(text[51]).toBe('  … 1,204 more');
    expect(text.at(-1)).toBe(`[1]  "${'y'.repeat(500)}… 10,240 more characters`);
    expect(many.complete).toBe(false);
    expect(shownArguments(['y'.repeat(10_740)], plain, LONG).complete).toBe(true);
  });

  it('stay short for what one object holds many times, and for 256 KiB', () => {
    let bomb: unknown = ['x'];
    for (let level = 0; level < 60; level += 1) bomb = [bomb, bomb];
    for (const args of [[bomb], [Array.from({ length: 131_072 }, () => 1)], ['x'.repeat(262_000)]]) {
      expect(shownArguments(args, plain, SHORT).lines.length).toBeLessThanOrEqual(300);
      expect(briefArguments(args, plain, 160).length).toBeLessThan(200);
      expect(argumentText(args).length).toBeLessThan(500_000);
    }
  });
});
