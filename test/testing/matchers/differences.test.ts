import { differences, shown } from '../../../src/testing/matchers/differences.js';
import { similarNames } from '../../../src/values/similar-names.js';

const EQUAL: [what: string, actual: unknown, expected: unknown][] = [
  ['lists', [1, [2]], [1, [2]]],
  ['a missing property that is expected undefined', {}, { a: undefined }],
  ['an undefined property that is not expected', { a: undefined }, {}],
  ['dates', new Date(0), new Date(0)],
  ['NaN', Number.NaN, Number.NaN],
  ['maps', new Map([[1, { a: 1 }]]), new Map([[1, { a: 1 }]])],
  ['sets', new Set(['a']), new Set(['a'])],
  ['bytes', new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  ['bigints', 1n, 1n],
  ['objects without a prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
];

it.each(EQUAL)('equal %s have no differences', (_what, actual, expected) => {
  expect(differences(actual, expected, 'args')).toEqual([]);
});

const DIFFERENT: [actual: unknown, expected: unknown, lines: string[]][] = [
  [1, '1', ["args: expected '1', was 1"]],
  [0, -0, ['args: expected -0, was 0']],
  [null, undefined, ['args: expected undefined, was null']],
  [[], [undefined], ['args[0]: expected undefined, was missing']],
  [[undefined], [], ['args[0]: expected nothing, was undefined']],
  [{ a: { 'b c': 1 } }, { a: { 'b c': 2 } }, ['args.a["b c"]: expected 2, was 1']],
  [{ a: 1 }, [1], ['args: expected [ 1 ], was { a: 1 }']],
  [new Map([[1, 2]]), new Map([[1, 3]]), ['args: expected Map(1) { 1 => 3 }, was Map(1) { 1 => 2 }']],
  [
    { a: 1, b: 2 },
    { a: 2, c: 3 },
    ['args.a: expected 2, was 1', 'args.b: expected undefined, was 2', 'args.c: expected 3, was undefined'],
  ],
];

it.each(DIFFERENT)('a difference is named where %j is not %j', (actual, expected, lines) => {
  expect(differences(actual, expected, 'args')).toEqual(lines);
});

it('long values are cut', () => {
  expect(shown('x'.repeat(1_000)).length).toBeLessThan(200);
  expect(shown([{ a: expect.anything() }])).toBe('[ { a: Anything } ]');
});

it.each([
  ['MailTasks.welcom', ['MailTasks.welcome']],
  ['mailtasks.welcome', ['MailTasks.welcome']],
  ['Mails.goodbye', ['MailTasks.goodbye']],
  ['Letters.send', ['ReportTasks.send']],
  ['Video.encode', []],
])('similarNames() finds the names that are like %s', (wanted, similar) => {
  expect(similarNames(wanted, ['ReportTasks.send', 'MailTasks.goodbye', 'MailTasks.welcome'])).toEqual(similar);
});
