import { nameDigest } from '../../src/message/limit-tag.js';
import { declaredLimits, isLimitDeclaration } from '../../src/policy/limit-declarations.js';
import { type LimitOptions, limitRules, queueLimitAmounts } from '../../src/policy/limit-options.js';
import { catalogStart, isCatalogPart, readCatalogStart, rulesOfCatalog } from '../../src/policy/start-catalog.js';
import { type StartOptions, startRules } from '../../src/policy/start-options.js';

const WHERE = '@Task() on Some.task';
const key = (tenant: string): string => tenant;

function refusal(message: RegExp | string, code = 'INVALID_OPTION') {
  return expect.objectContaining({ code, message: expect.stringMatching(message) });
}

describe('the limits of a task', () => {
  it('resolve to numbers', () => {
    const limits: LimitOptions[] = [
      { name: 'stripe', concurrency: 5, rate: '20/s', burst: 40, key, onLimit: 'drop' },
      { name: 'a.b_c:d-1', concurrency: 1, ordered: true },
    ];
    expect(limitRules(limits, WHERE)).toEqual([
      {
        ...{ name: 'stripe', concurrency: 5, intervalUs: 50_000, burst: 40 },
        ...{ keyed: true, key, ordered: false, onLimit: 'drop' },
      },
      { name: 'a.b_c:d-1', concurrency: 1, keyed: false, ordered: true, onLimit: 'wait' },
    ]);
  });

  it.each([
    ['1/d', 1],
    ['20/s', 1],
    ['21/s', 2],
    ['60/s', 3],
    ['1000/s', 50],
  ] as const)('have a burst of the starts of 50 ms at %s', (rate, burst) => {
    expect(limitRules([{ name: 'a', rate }], WHERE)).toMatchObject([{ burst }]);
  });

  it.each<[string, unknown, RegExp]>([
    ['no list', { name: 'a', concurrency: 1 }, /`limits of @Task\(\) on Some\.task` is/],
    ['five', Array.from('abcde', (name) => ({ name, concurrency: 1 })), /has 5 limits[\s\S]+at most 4/],
    ['one that is no object', [7], /Limits\[0\] of @Task\(\) on Some\.task|limits\[0\]/],
    ['an unknown option', [{ name: 'a', concurrency: 1, max: 3 }], /limits\[0\] of .* has no option "max"/],
    ['no amount', [{ name: 'a' }], /`limits\[0\] of @Task\(\) on Some\.task` limits nothing/],
    ['a concurrency of 0', [{ name: 'a', concurrency: 0 }], /`limits\[0\]\.concurrency of @Task\(\)[^`]+` is 0/],
    ['a text', [{ name: 'a', concurrency: '5' }], /concurrency of [^`]+` is '5'\. /],
    ['a fraction', [{ name: 'a', concurrency: 1.5 }], /concurrency of [^`]+` is 1\.5/],
    ['a rate of 0', [{ name: 'a', rate: '0/s' }], /`limits\[0\]\.rate of @Task\(\)[^`]+` is '0\/s'/],
    ['a burst of 0', [{ name: 'a', rate: '1/s', burst: 0 }], /burst of [^`]+` is 0/],
    ['a burst without a rate', [{ name: 'a', concurrency: 1, burst: 3 }], /burst of [^`]+` has no `rate`/],
    [
      'a key that is no function',
      [{ name: 'a', concurrency: 1, key: 'tenant' }],
      /`limits\[0\]\.key of [^`]+` is 'tenant'/,
    ],
    [
      'ordered without a lock',
      [{ name: 'a', concurrency: 2, ordered: true }],
      /ordered of [^`]+` needs `concurrency: 1`/,
    ],
    ['ordered with a rate alone', [{ name: 'a', rate: '1/s', ordered: true }], /needs `concurrency: 1`/],
    ['ordered that is no flag', [{ name: 'a', concurrency: 1, ordered: 'yes' }], /ordered of [^`]+` is 'yes'/],
    ['an unknown onLimit', [{ name: 'a', concurrency: 1, onLimit: 'fail' }], /onLimit of [^`]+` is 'fail'/],
    [
      'a name twice',
      [
        { name: 'a', concurrency: 1 },
        { name: 'a', rate: '1/s' },
      ],
      /names "a" twice/,
    ],
  ])('are refused with %s', (_what, limits, message) => {
    expect(() => limitRules(limits as LimitOptions[], WHERE)).toThrow(refusal(message));
  });

  it.each([undefined, '', 'queue mail', 'a$', 'x'.repeat(101), 7])('are refused with the name %p', (name) => {
    const limits = [{ name, concurrency: 1 }] as LimitOptions[];
    expect(() => limitRules(limits, WHERE)).toThrow(
      refusal(/limit name, given by limits\[0\] of @Task/, 'INVALID_NAME'),
    );
  });
});

describe('the limit of a queue', () => {
  it('resolves to numbers', () => {
    expect(queueLimitAmounts({ concurrency: 50, rate: '100/s' }, 'limit of queue "mail"')).toEqual({
      ...{ concurrency: 50, intervalUs: 10_000, burst: 5 },
    });
  });

  it.each([
    [{}, /`limit of queue "mail"` limits nothing/],
    [{ rate: '0/s' }, /`limit\.rate of queue "mail"` is '0\/s'/],
    [{ concurrency: 1, key }, /Limit of queue "mail" has no option "key"[\s\S]+@Task\(\{ limits/],
    [7, /is not an object of options/],
  ])('%p is refused', (limit, message) => {
    expect(() => queueLimitAmounts(limit as object, 'limit of queue "mail"')).toThrow(refusal(message));
  });
});

describe('when a task may start', () => {
  it('is undefined without any of its options', () => {
    for (const options of [
      {},
      { limits: [] },
      { priority: 0 },
      { age: '1m' },
      { limits: undefined },
    ] as StartOptions[]) {
      expect(startRules(options, WHERE)).toBeUndefined();
    }
  });

  it('resolves to numbers', () => {
    expect(startRules({ priority: 3, age: '5m' }, WHERE)).toEqual({
      limits: [],
      priority: 3,
      ageMs: 300_000,
      where: WHERE,
    });
    expect(startRules({ fair: key }, WHERE)).toEqual({
      limits: [],
      fair: key,
      priority: 0,
      ageMs: 60_000,
      where: WHERE,
    });
  });

  it.each<[string, unknown]>([
    ['priority', 10],
    ['priority', -1],
    ['priority', 1.5],
    ['priority', '3'],
    ['age', 0],
    ['age', '25d'],
    ['fair', 'tenant'],
  ])('is refused with %s: %p', (option, value) => {
    const place = new RegExp(`\`${option} of @Task\\(\\) on Some\\.task\` is`);
    expect(() => startRules({ [option]: value }, WHERE)).toThrow(refusal(place));
  });

  it('is refused with an age that is no duration', () => {
    expect(() => startRules({ age: 'soon' as '1m' }, WHERE)).toThrow(refusal('age of @Task', 'INVALID_DURATION'));
  });
});

describe('the limits of an app', () => {
  const stripe: LimitOptions = { name: 'stripe', concurrency: 5, rate: '20/s', key };
  const task = (limit: LimitOptions, where: string) => ({ start: startRules({ limits: [limit] }, where) });

  it('are those of its tasks and queues, each once, as plain data', () => {
    const limits = declaredLimits(
      [{}, task(stripe, 'A'), task({ ...stripe, key: (id: string) => id, onLimit: 'drop' }, 'B'), { start: undefined }],
      new Map([['mail', { concurrency: 50 }]]),
    );
    expect(limits).toEqual([
      { name: 'queue mail', concurrency: 50, keyed: false, ordered: false, queue: 'mail' },
      { name: 'stripe', concurrency: 5, intervalUs: 50_000, burst: 1, keyed: true, ordered: false },
    ]);
    expect(JSON.parse(JSON.stringify(limits))).toEqual(limits);
    expect(limits.every(isLimitDeclaration)).toBe(true);
  });

  it.each<[string, LimitOptions]>([
    ['concurrency', { ...stripe, concurrency: 6 }],
    ['rate', { ...stripe, rate: '21/s' }],
    ['burst', { ...stripe, burst: 7 }],
    ['key', { name: 'stripe', concurrency: 5, rate: '20/s' }],
    ['concurrency', { name: 'stripe', rate: '20/s', key }],
  ])('are refused when two tasks declare one with a different %s', (part, other) => {
    const message = `A and B declare the limit "stripe" with a different \`${part}\``;
    expect(() => declaredLimits([task(stripe, 'A'), task(other, 'B')])).toThrow(refusal(message));
  });

  it('are refused when two tasks declare one ordered and unordered', () => {
    const lock: LimitOptions = { name: 'lock', concurrency: 1 };
    const both = [task(lock, 'A'), task({ ...lock, ordered: true }, 'B')];
    expect(() => declaredLimits(both)).toThrow(refusal('a different `ordered`'));
  });

  it('are refused when Redis could not distinguish two of them', () => {
    const [one, other] = sameDigests();
    const both = [task({ ...stripe, name: one }, 'A'), task({ ...stripe, name: other }, 'B')];
    expect(() => declaredLimits(both)).toThrow(refusal(`\`limits of B\` has "${other}"`));
    expect(() =>
      limitRules(
        [
          { ...stripe, name: one },
          { ...stripe, name: other },
        ],
        WHERE,
      ),
    ).toThrow(refusal(`"${other}", which Redis could not distinguish from "${one}"`));
  });

  it.each([
    null,
    {},
    { name: 'a', keyed: true },
    { name: 7, keyed: true, ordered: false },
    { name: 'a', keyed: true, ordered: false, concurrency: '5' },
    { name: 'a', keyed: true, ordered: false, queue: 7 },
  ])('are not %p', (value) => {
    expect(isLimitDeclaration(value)).toBe(false);
  });
});

describe('the entry of a task in the catalog', () => {
  const limits: LimitOptions[] = [
    { name: 'stripe', rate: '20/s', key },
    { name: 'mail', concurrency: 5 },
  ];

  it('has what a sender by name needs, and no more', () => {
    expect(catalogStart(undefined)).toEqual({});
    const entry = catalogStart(startRules({ limits, fair: key, priority: 2 }, WHERE));
    expect(entry).toEqual({
      limits: [
        { name: 'stripe', keyed: true },
        { name: 'mail', keyed: false },
      ],
      fair: true,
      priority: { value: 2, ageMs: 60_000 },
    });
    expect(readCatalogStart(JSON.parse(JSON.stringify(entry)))).toEqual(entry);
    expect(rulesOfCatalog(entry)).toEqual({ limits: entry.limits, fair: true, priority: 2, ageMs: 60_000 });
    expect(rulesOfCatalog({})).toBeUndefined();
    expect(catalogStart(startRules({ age: '5m' }, WHERE))).toEqual({ priority: { value: 0, ageMs: 300_000 } });
  });

  it('says what becomes of a call when a limit is full, and lets calls wait where it has a word of another version', () => {
    const entry = catalogStart(
      startRules(
        {
          limits: [
            { name: 'drops', concurrency: 1, key, onLimit: 'drop' },
            { name: 'mail', rate: '1/s' },
          ],
        },
        WHERE,
      ),
    );
    expect(entry.limits).toEqual([
      { name: 'drops', keyed: true, onLimit: 'drop' },
      { name: 'mail', keyed: false },
    ]);
    expect(readCatalogStart(JSON.parse(JSON.stringify(entry)))).toEqual(entry);
    const another = { limits: [{ name: 'drops', keyed: true, onLimit: 'defer' }] };
    expect(readCatalogStart(another)).toEqual({ limits: [{ name: 'drops', keyed: true }] });
  });

  it('has nothing of what another version or somebody else wrote', () => {
    const foreign = { limits: [{ name: 'a' }], fair: 'yes', priority: 3 };
    expect(readCatalogStart(foreign)).toEqual({});
    expect(Object.entries(foreign).map(([part, value]) => isCatalogPart[part as keyof typeof foreign](value))).toEqual([
      ...[false, false, false],
    ]);
  });
});

/** Two names with one digest: 36 bits, of which about 300,000 names meet once. */
function sameDigests(): [string, string] {
  const known = new Map<string, string>();
  for (let number = 0; ; number += 1) {
    const name = `n${number}`;
    const other = known.get(nameDigest(name));
    if (other !== undefined) return [other, name];
    known.set(nameDigest(name), name);
  }
}
