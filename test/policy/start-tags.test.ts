import { encodeLimitTag, limitKey } from '../../src/message/limit-tag.js';
import { encodeOrderTag, fairDigest } from '../../src/message/order-tag.js';
import type { LimitOptions } from '../../src/policy/limit-options.js';
import { type StartOptions, startRules } from '../../src/policy/start-options.js';
import { type GivenStart, isStartTags, type SentRules, startTags, UNREGISTERED } from '../../src/policy/start-tags.js';

const WHERE = '@Task() on Some.task';
const user = { tenant: 'acme', region: 'eu' };
type User = typeof user;
const STRIPE: LimitOptions = { name: 'stripe', rate: '20/s', key: ({ tenant }: User) => tenant };
const MAIL: LimitOptions = { name: 'mail', concurrency: 5 };

function tagsOf(options: StartOptions, given: GivenStart = {}, args: readonly unknown[] | undefined = [user]) {
  return startTags(startRules(options, WHERE), given, { task: 'Some.task', args });
}

function refusal(message: string | RegExp, code = 'INVALID_LIMIT_KEY') {
  return expect.objectContaining({ code, message: expect.stringMatching(message) });
}

describe('the tags of a call', () => {
  it('are none for a task without such options', () => {
    expect(tagsOf({})).toBeUndefined();
    expect(tagsOf({ age: '5m' })).toBeUndefined();
    expect(tagsOf({ priority: 3 }, { priority: 0 })).toBeUndefined();
  });

  it.each<[string, StartOptions, GivenStart, RegExp]>([
    [
      'a tenant where the task takes no turns',
      { priority: 1 },
      { fairKey: 'acme' },
      /fairKey \}\) names a tenant, and task/,
    ],
    ['a tenant for a task without rules', {}, { fairKey: 'acme' }, /takes no turns by tenant/],
    ['an age where neither task nor call has a priority', { age: '1m' }, { age: '5m' }, /age \}\).* has no priority/],
  ])('refuse what they would ignore: %s', (_what, options, given, words) => {
    expect(() => tagsOf(options, given)).toThrow(refusal(words, 'INVALID_OPTION'));
  });

  it('take an age beside a priority of 0, which an app may compute', () => {
    expect(tagsOf({}, { age: '5m', priority: 0 })).toBeUndefined();
  });

  it('count it for each limit in the order of declaration, and keep the keys in clear', () => {
    const region: LimitOptions = { name: 'region', concurrency: 1, key: (it: User) => it.region };
    expect(tagsOf({ limits: [STRIPE, MAIL, region] })).toEqual({
      tags: [limitKey('stripe', 'acme'), limitKey('mail'), limitKey('region', 'eu')].map(encodeLimitTag).join(''),
      labels: [limitKey('stripe', 'acme'), 'acme', limitKey('region', 'eu'), 'eu'],
    });
  });

  it('keep a long key in clear as a whole, so that people can name it to change its limit', () => {
    const key = 'k'.repeat(1_000);
    const tags = tagsOf({ limits: [STRIPE] }, {}, [{ tenant: key }]);
    expect(tags?.labels).toEqual([limitKey('stripe', key), key]);
  });

  it.each<[string, StartOptions, GivenStart, Parameters<typeof encodeOrderTag>[0]]>([
    ['the priority of the task', { priority: 3 }, {}, { priority: 3, ageMs: 60_000, fair: undefined }],
    ['that of the call', { priority: 3 }, { priority: 9 }, { priority: 9, ageMs: 60_000, fair: undefined }],
    ['a call of a task without one', {}, { priority: 2, age: '5m' }, { priority: 2, ageMs: 300_000, fair: undefined }],
    ['the age of the task', { age: '5m' }, { priority: 2 }, { priority: 2, ageMs: 300_000, fair: undefined }],
    ['the age of the call', { age: '5m', priority: 1 }, { age: 7 }, { priority: 1, ageMs: 7, fair: undefined }],
    ['a tenant', { fair: (it: User) => it.tenant }, {}, { priority: 0, ageMs: 60_000, fair: fairDigest('acme') }],
    [
      'the tenant of the call',
      { fair: () => 'no' },
      { fairKey: 'b' },
      { priority: 0, ageMs: 60_000, fair: fairDigest('b') },
    ],
  ])('order it by %s', (_what, options, given, order) => {
    expect(tagsOf(options, given)).toEqual({ tags: encodeOrderTag(order), labels: [] });
  });

  it('have the limits before the order', () => {
    const order = encodeOrderTag({ priority: 1, ageMs: 60_000, fair: undefined });
    expect(tagsOf({ limits: [MAIL], priority: 1 })?.tags).toBe(encodeLimitTag(limitKey('mail')) + order);
  });

  it('prefer the key of the call to that of the function, which is not called', () => {
    const failing: LimitOptions = { ...STRIPE, key: () => fail() };
    expect(tagsOf({ limits: [failing] }, { limitKeys: { stripe: 'bolt' } })?.labels).toEqual([
      ...[limitKey('stripe', 'bolt'), 'bolt'],
    ]);
  });

  it('are recognised among anything else', () => {
    expect(isStartTags(tagsOf({ limits: [STRIPE], priority: 2 }))).toBe(true);
    const tags = `l${'a'.repeat(27)}`;
    for (const other of [
      undefined,
      {},
      { tags },
      { tags: '', labels: [] },
      { tags: `x${tags.slice(1)}`, labels: [] },
    ]) {
      expect(isStartTags(other)).toBe(false);
    }
    expect(isStartTags({ tags: `${tags}[`, labels: [] })).toBe(false);
    expect(isStartTags({ tags, labels: [7] })).toBe(false);
  });
});

describe('a key function', () => {
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'is undefined, and no string'],
    ['null', null, 'is null, and no string'],
    ['a number', 7, 'is a number, and no string'],
    ['an object', {}, 'is an object, and no string'],
    ['an empty string', '', 'is empty'],
    ['a long string', 'x'.repeat(1_001), 'has 1001 characters'],
    ['half a character', '\ud83d', 'has a lone surrogate'],
  ])('that gives %s is refused with its path', (_what, key, fault) => {
    const limits: LimitOptions[] = [MAIL, { ...STRIPE, key: () => key as string }];
    expect(() => tagsOf({ limits })).toThrow(refusal(`limits\\[1\\]\\.key of @Task\\(\\) on Some\\.task ${fault}\\.`));
    expect(() => tagsOf({ fair: () => key as string })).toThrow(
      refusal(`^fair of @Task\\(\\) on Some\\.task ${fault}`),
    );
  });

  it('that gives a promise is refused, and a rejection of that is handled', async () => {
    const key = (async () => {
      throw new Error('nobody handles this');
    }) as unknown as () => string;
    expect(() => tagsOf({ fair: key })).toThrow(refusal('fair of .* is a promise'));
    await new Promise(setImmediate);
  });

  it('that throws is refused with its path, its error and the number of the call', () => {
    const cause = new TypeError('no tenant');
    const key = (): string => {
      throw cause;
    };
    const rules = startRules({ limits: [{ ...STRIPE, key }] }, WHERE);
    const call = { task: 'Some.task', args: [], path: 'calls[3]' };
    expect(() => startTags(rules, {}, call)).toThrow(
      expect.objectContaining({
        ...{ code: 'INVALID_LIMIT_KEY', cause },
        message: expect.stringContaining(
          'limits[0].key of @Task() on Some.task, calls[3] of task "Some.task" threw: TypeError: no tenant',
        ),
      }),
    );
  });
});

describe('a call without functions', () => {
  const rules: SentRules = {
    limits: [
      { name: 'stripe', keyed: true },
      { name: 'mail', keyed: false },
    ],
    priority: 0,
    ageMs: 1,
  };
  const call = { task: 'Some.task' };

  it('needs a key for each limit with keys', () => {
    expect(() => startTags(rules, {}, call)).toThrow(
      refusal(
        /task "Some\.task" has no key, and the limit "stripe" has keys[\s\S]+limitKeys: \{ stripe: 'acme' \}/,
        'LIMIT_KEY_NEEDED',
      ),
    );
    expect(startTags(rules, { limitKeys: { stripe: 'acme' } }, call)).toEqual({
      tags: encodeLimitTag(limitKey('stripe', 'acme')) + encodeLimitTag(limitKey('mail')),
      labels: [limitKey('stripe', 'acme'), 'acme'],
    });
  });

  it('has remedies that fit: the class where it is sent by name, the key where its arguments are not known yet', () => {
    const remedyOf = (of: SentRules): string => {
      try {
        startTags(of, {}, call);
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    expect(remedyOf(rules)).toMatch(/Send it by its class/);
    expect(remedyOf(rules)).not.toMatch(/Callbacks/);
    const known = startRules({ limits: [{ ...STRIPE, key: () => fail() }] }, WHERE);
    expect(remedyOf(known as SentRules)).toMatch(/Callbacks of a batch/);
  });

  it('needs a tenant for a task that takes turns', () => {
    const fair: SentRules = { limits: [], fair: true, priority: 0, ageMs: 60_000 };
    expect(() => startTags(fair, {}, call)).toThrow(refusal(/takes turns by tenant[\s\S]+fairKey/, 'LIMIT_KEY_NEEDED'));
    const order = { priority: 0, ageMs: 60_000, fair: fairDigest('acme') };
    expect(startTags(fair, { fairKey: 'acme' }, call)?.tags).toBe(encodeOrderTag(order));
  });

  it('needs a key as well where the arguments are not known yet', () => {
    const options = startRules({ limits: [{ ...STRIPE, key: () => fail() }] }, WHERE);
    expect(() => startTags(options, {}, call)).toThrow(refusal('no key', 'LIMIT_KEY_NEEDED'));
  });

  it.each(['mail', 'constructor', 'strype'])('is refused with a key for %s, which has none', (name) => {
    const given = { limitKeys: { stripe: 'acme', [name]: 'acme' } };
    expect(() => startTags(rules, given, call)).toThrow(
      refusal(new RegExp(`names "${name}"[\\s\\S]+It has: stripe\\.`), 'INVALID_OPTION'),
    );
  });

  it('counts for what it says itself where nobody knows the task', () => {
    expect(startTags(UNREGISTERED, { limitKeys: { stripe: 'acme' }, fairKey: 'acme' }, call)?.tags).toBe(
      encodeLimitTag(limitKey('stripe', 'acme')) +
        encodeOrderTag({ priority: 0, ageMs: 60_000, fair: fairDigest('acme') }),
    );
  });
});

function fail(): never {
  throw new Error('must not be called');
}
