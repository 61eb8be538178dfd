import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import { instanceToPlain } from 'class-transformer';
import { NestworkError } from '../../src/errors.js';
import { decodePayload, encodePayload } from '../../src/payload/payload.js';
import { picture } from './picture.js';

const CANARY = 'c4n4ry';
const KIB_256 = 256 * 1024;

function thereAndBack(args: readonly unknown[]): unknown[] {
  return decodePayload(JSON.parse(encodePayload(args)));
}

function fault(attempt: () => unknown): NestworkError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof NestworkError) return error;
    throw error;
  }
  throw new Error('Nothing was thrown');
}

/** An array with holes wherever `elements` has nothing. */
function holes(length: number, elements: Record<string, unknown> = {}): unknown[] {
  return Object.assign(new Array(length), elements);
}

/** Reading an element goes its usual way, and the element arrives. */
const hiddenElement = Object.defineProperty([1, 2], 1, { enumerable: false });

/** A proxy of which every use throws, as of one that is revoked. */
function hostile(target: object): object {
  const fail = (): never => {
    throw new TypeError(CANARY);
  };
  const traps = ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor'];
  return new Proxy(target, Object.fromEntries(traps.map((trap) => [trap, fail])));
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function namesake(type: abstract new (...args: never[]) => object): new (...args: never[]) => object {
  const other = class extends (type as new (...args: never[]) => object) {};
  return Object.defineProperty(other, 'name', { value: type.name });
}

function hidden<T extends object>(target: T, name: PropertyKey, value: unknown = CANARY): T {
  return Object.defineProperty(target, name, { value });
}

class User {
  readonly secret = CANARY;
}

const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

describe('plain arguments', () => {
  it.each<[unknown[], string]>([
    [[], '[]'],
    [[7, { weekly: true }], '[7,{"weekly":true}]'],
    [[null], '[null]'],
    [[0, -1, 1.5, 1e21, Number.MAX_SAFE_INTEGER], '[0,-1,1.5,1e+21,9007199254740991]'],
    [['', 'é', '日本', '🙂', '"\\\n\0\u2028'], '["","é","日本","🙂","\\"\\\\\\n\\u0000\u2028"]'],
    [[[[]], {}, { a: { b: [] } }], '[[[]],{},{"a":{"b":[]}}]'],
    [
      JSON.parse('[{"length":1,"then":2,"toJSON":3,"constructor":4}]'),
      '[{"length":1,"then":2,"toJSON":3,"constructor":4}]',
    ],
    [[Object.freeze({ a: Object.freeze([1]) })], '[{"a":[1]}]'],
  ])('%p travel as JSON', (args, wanted) => {
    const text = encodePayload(args);
    expect(text).toBe(wanted);
    expect(picture(decodePayload(JSON.parse(text)))).toBe(picture(args));
  });
});

describe('rich arguments', () => {
  const shared = { when: new Date(0) };

  it.each<[string, unknown[]]>([
    ['undefined', [undefined]],
    ['trailing undefined', [1, undefined, undefined]],
    ['undefined as a property', [{ a: undefined, b: [undefined] }]],
    ['NaN and infinities', [Number.NaN, Infinity, -Infinity, { a: Number.NaN }]],
    ['-0 beside 0', [-0, 0, [-0], { a: -0 }]],
    ['bigint', [0n, -1n, 2n ** 200n, [1n, 1]]],
    ['Date', [new Date(0), new Date(-1), new Date(8.64e15), new Date(-8.64e15), { at: new Date(1.5e12) }]],
    ['invalid Date', [new Date(Number.NaN)]],
    ['RegExp', [/a"b\\c/giu, /\//, /(?:)/, /[\ud800]/, { a: /x/y }]],
    ['URL', [new URL('https://a.example/b?c=d#e'), new URLSearchParams('a=b&a=%20')]],
    [
      'Map',
      [
        new Map(),
        new Map<unknown, unknown>([
          ['k', 1],
          [{ a: 1 }, new Map([[1n, new Set()]])],
          [undefined, null],
        ]),
      ],
    ],
    ['Set', [new Set(), new Set<unknown>([1, '1', [1], Number.NaN, new Set([undefined])])]],
    ['Buffer', [Buffer.alloc(0), Buffer.from('héllo'), { photo: Buffer.from([255, 0]) }]],
    ['Uint8Array', [new Uint8Array(), bytes]],
    [
      'every typed array',
      [
        Int8Array.of(-1),
        new Uint8ClampedArray([300]),
        Int16Array.of(-2),
        Uint16Array.of(65_535),
        Int32Array.of(-3),
        Uint32Array.of(4_294_967_295),
        Float32Array.of(1.5, Number.NaN),
        Float64Array.of(-0),
        BigInt64Array.of(-1n),
        BigUint64Array.of(1n),
      ],
    ],
    ['DataView and ArrayBuffer', [new DataView(bytes.buffer, 1, 3), bytes.buffer.slice(2)]],
    ['holes', [holes(2, { 1: 1 }), holes(4, { 0: 1, 2: 2 }), holes(2), { a: holes(1) }]],
    ['a hole beside undefined', [holes(3, { 0: undefined, 2: undefined })]],
    ['a sparse array as long as may be', [holes(KIB_256 / 2, { 100000: 1 })]],
    ['a hidden element', [hiddenElement, undefined]],
    ['no prototype', [Object.assign(Object.create(null), { a: 1, constructor: 2 })]],
    ['shared references', [shared, shared, [shared]]],
    ['what looks like the text of devalue', ['[[1],-1]', -1, [-1, -2, -7], undefined, ['Date', ''], { '': ['Map'] }]],
    ['all at once', [{ a: new Map([['k', [new Set([new Date(0), { b: -0 }])]]]) }, [[undefined]], null]],
  ])('%s: round trip', (_, args) => {
    const text = encodePayload(args);
    expect(typeof JSON.parse(text)).toBe('string');
    expect(picture(decodePayload(JSON.parse(text)))).toBe(picture(args));
  });

  it('make our own objects of those of another realm, and plain JSON when that is enough', () => {
    expect(encodePayload(runInNewContext('[{ list: [1] }]'))).toBe('[{"list":[1]}]');
    const args = runInNewContext('[new Date(5), new Map([[1, 2]]), new Set([3]), /x/g, [, { a: undefined }]]');
    const wanted = [new Date(5), new Map([[1, 2]]), new Set([3]), /x/g, holes(2, { 1: { a: undefined } })];
    expect(picture(thereAndBack(args))).toBe(picture(wanted));
  });

  it('carry only the visible part of a view', () => {
    const memory = Buffer.from(`${CANARY}-1234-${CANARY}`);
    const part = new Uint8Array(memory.buffer, memory.byteOffset + 7, 4);
    const node = memory.subarray(7, 11);
    const view = new DataView(memory.buffer, memory.byteOffset + 7, 4);
    const decoded = thereAndBack([part, node, view]) as [Uint8Array, Buffer, DataView];
    expect(picture(decoded)).toBe(picture([part, node, view]));
    expect(decoded.map((one) => one.buffer.byteLength)).toEqual([4, 4, 4]);
    expect(JSON.parse(encodePayload([part]))).toBe('[[1],["Uint8Array",2],["ArrayBuffer","MTIzNA=="]]');
  });

  it('carry views of shared memory as copies', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(2)).fill(7);
    expect(picture(thereAndBack([shared]))).toBe(picture([Uint8Array.of(7, 7)]));
  });

  it('return a Buffer for a Buffer', () => {
    const [buffer] = thereAndBack([Buffer.from('hi')]) as [Buffer];
    expect(buffer.toString('hex')).toBe('6869');
  });

  it('ignore a `toJSON` that an app has given to all objects', () => {
    const args = [{ a: [1] }, 'b', 2n];
    Object.defineProperty(Object.prototype, 'toJSON', { value: () => CANARY, configurable: true });
    try {
      expect(picture(thereAndBack(args))).toBe(picture(args));
      expect(encodePayload([{ a: [1] }])).not.toContain(CANARY);
    } finally {
      Reflect.deleteProperty(Object.prototype, 'toJSON');
    }
  });
});

describe('a value that cannot be carried', () => {
  const cycle: Record<string, unknown> = { secret: CANARY };
  cycle.inner = { list: [cycle] };
  const list: unknown[] = [];
  list.push(list);
  const map = new Map<string, unknown>();
  map.set('self', map);
  const detached = Uint8Array.of(1, 2);
  structuredClone(detached, { transfer: [detached.buffer] });
  const named = Object.assign([1], { [`x${CANARY.length}`]: CANARY });
  const numbered = Object.assign([1], { '1.5': CANARY });
  class Orders extends Array<string> {}
  class Cache extends Map<string, string> {}
  class Photo extends Uint8Array {}
  const many = Array.from({ length: 100 }, () => 1);
  const used = /a/g;
  used.test('a');
  const getter = { get: () => CANARY, enumerable: true };

  it.each<[string, unknown[], string, string]>([
    ['a function', [() => CANARY], 'args[0]', 'a function'],
    ['a class', [1, User], 'args[1]', 'a function'],
    ['a symbol', [[Symbol(CANARY)]], 'args[0][0]', 'a symbol'],
    ['a class instance', [{ user: { photo: new User() } }], 'args[0].user.photo', 'an instance of class User'],
    ['an anonymous class', [new (class {})()], 'args[0]', 'an instance of an anonymous class'],
    [
      'a prototype without a class',
      [Object.create(Object.create(null))],
      'args[0]',
      'an instance of an anonymous class',
    ],
    ['a fake Date', [Object.create(Date.prototype)], 'args[0]', 'an instance of class Date'],
    [
      'a disguised instance',
      [
        new (class Sly {
          get [Symbol.toStringTag]() {
            return 'Map';
          }
        })(),
      ],
      'args[0]',
      'an instance of class Sly',
    ],
    ['a subclass of Array', [Orders.from([CANARY])], 'args[0]', 'an instance of class Orders'],
    ['a subclass of Map', [new Cache([['a', CANARY]])], 'args[0]', 'an instance of class Cache'],
    ['a subclass of Uint8Array', [Photo.of(1)], 'args[0]', 'an instance of class Photo'],
    ['a boxed string', [Object(CANARY)], 'args[0]', 'an instance of class String'],
    ['an Error', [new Error(CANARY)], 'args[0]', 'an instance of class Error'],
    ['a Promise', [{ a: Promise.resolve(CANARY) }], 'args[0].a', 'an instance of class Promise'],
    ['a WeakMap', [new WeakMap()], 'args[0]', 'an instance of class WeakMap'],
    ['a WeakSet', [new WeakSet()], 'args[0]', 'an instance of class WeakSet'],
    ['shared memory', [new SharedArrayBuffer(1)], 'args[0]', 'an instance of class SharedArrayBuffer'],
    ['a generator', [(function* () {})()], 'args[0]', 'an instance of an anonymous class'],
    ['an own toJSON', [{ a: { toJSON: () => CANARY } }], 'args[0].a.toJSON', 'a function'],
    [
      'a hidden toJSON',
      [Object.defineProperty({}, 'toJSON', { value: () => CANARY })],
      'args[0].toJSON',
      'a property that is not enumerable',
    ],
    [
      'a getter',
      [
        {
          get secret() {
            throw new Error(CANARY);
          },
        },
      ],
      'args[0].secret',
      'an accessor',
    ],
    ['a setter', [{ set secret(_: string) {} }], 'args[0].secret', 'an accessor'],
    [
      'a hidden property',
      [Object.defineProperty({}, 'a', { value: CANARY })],
      'args[0].a',
      'a property that is not enumerable',
    ],
    ['a symbol key', [{ a: { [Symbol(CANARY)]: 1 } }], 'args[0].a', 'an object with a symbol as key'],
    [
      'a hidden symbol key',
      [Object.defineProperty([], Symbol(CANARY), { value: 1 })],
      'args[0]',
      'an object with a symbol as key',
    ],
    [
      'a disguised Date',
      [Object.assign(new Date(0), { [Symbol.toStringTag]: 'Map' })],
      'args[0]',
      'an object with a symbol as key',
    ],
    [
      'an own __proto__',
      [JSON.parse(`{"a":{"__proto__":"${CANARY}"}}`)],
      'args[0].a.__proto__',
      'a property with that name',
    ],
    ['a named property of an array', [named], 'args[0].x6', 'a named property of an array'],
    ['a number beside the indexes', [numbered], 'args[0]["1.5"]', 'a named property of an array'],
    ['a negative index', [Object.assign([1], { '-1': CANARY })], 'args[0]["-1"]', 'a named property of an array'],
    [
      'an index too large',
      [Object.assign([1], { 4294967295: CANARY })],
      'args[0]["4294967295"]',
      'a named property of an array',
    ],
    [
      'a named property of a sparse array',
      [holes(2, { 1: 1, a: CANARY })],
      'args[0].a',
      'a named property of an array',
    ],
    ['a match of a RegExp', [/c(4)/.exec(CANARY)], 'args[0].index', 'a named property of an array'],
    [
      'a named property of a Date',
      [Object.assign(new Date(0), { a: CANARY })],
      'args[0]',
      'a Date with properties of its own',
    ],
    [
      'a named property of a Map',
      [Object.assign(new Map(), { a: CANARY })],
      'args[0]',
      'a Map with properties of its own',
    ],
    ['a lone surrogate', [`${CANARY}\ud800`], 'args[0]', 'a string with a lone surrogate'],
    ['a lone surrogate reversed', [`\udc00\ud800${CANARY}`], 'args[0]', 'a string with a lone surrogate'],
    [
      'a lone surrogate in a key',
      [{ 'x\ud800': CANARY }],
      'args[0]["x\\ud800"]',
      'a property with a lone surrogate in its name',
    ],
    ['a cycle of objects', [1, cycle], 'args[1].inner.list[0]', 'one of the objects that contain it (a cycle)'],
    ['a cycle of one array', [list], 'args[0][0]', 'one of the objects that contain it (a cycle)'],
    ['a cycle through a Map', [map], 'args[0].get("self")', 'one of the objects that contain it (a cycle)'],
    ['a value of a Map', [1, new Map([['k', new User()]])], 'args[1].get("k")', 'an instance of class User'],
    ['a value of a Map by number', [new Map([[7, { a: Symbol() }]])], 'args[0].get(7).a', 'a symbol'],
    ['a value of a Map by object', [new Map([[{ a: CANARY }, Symbol()]])], 'args[0].get(…)', 'a symbol'],
    ['a value of a Map by a bare object', [new Map([[Object.create(null), Symbol()]])], 'args[0].get(…)', 'a symbol'],
    ['a value of a Map by bigint', [new Map([[10n ** 50n, Symbol()]])], `args[0].get(1${'0'.repeat(39)}…)`, 'a symbol'],
    [
      'a key of a Map',
      [
        new Map<unknown, unknown>([
          [1, CANARY],
          [{ a: User }, 2],
        ]),
      ],
      'args[0].keys()[1].a',
      'a function',
    ],
    [
      'a malformed key of a Map',
      [new Map([[`${CANARY}\ud800`, 1]])],
      'args[0].keys()[0]',
      'a string with a lone surrogate',
    ],
    [
      'a member of a Set',
      [new Set<unknown>([CANARY, 1, [new User()]])],
      'args[0].values()[2][0]',
      'an instance of class User',
    ],
    ['an odd key', [{ 'first name': { 'a"b': [Symbol()] } }], 'args[0]["first name"]["a\\"b"][0]', 'a symbol'],
    ['a long key', [{ ['k'.repeat(100)]: Symbol() }], `args[0]["${'k'.repeat(40)}…"]`, 'a symbol'],
    ['detached memory', [[detached]], 'args[0][0]', 'binary data whose memory is gone'],
    ['an element behind a getter', [Object.defineProperty([1, 2], 1, getter)], 'args[0][1]', 'an accessor'],
    [
      'an element behind a setter',
      [{ a: Object.defineProperty([1], 0, { set: () => {}, enumerable: true }) }],
      'args[0].a[0]',
      'an accessor',
    ],
    [
      'an element behind a getter between holes',
      [Object.defineProperty(holes(3), 1, getter)],
      'args[0][1]',
      'an accessor',
    ],
    ['a late element behind a getter', [Object.defineProperty([...many], 99, getter)], 'args[0][99]', 'an accessor'],
    [
      'a hidden element between holes',
      [Object.defineProperty(holes(3), 1, { value: CANARY })],
      'args[0][1]',
      'a property that is not enumerable',
    ],
    ['a hidden toJSON of an array', [hidden([1], 'toJSON', () => CANARY)], 'args[0].toJSON', 'a named property'],
    [
      'a hidden toJSON of a long array',
      [hidden([...many], 'toJSON', () => CANARY)],
      'args[0].toJSON',
      'a named property',
    ],
    ['a hidden name of a sparse array', [hidden(holes(100), 'x')], 'args[0].x', 'a named property of an array'],
    [
      'the parts of a template',
      [((parts: TemplateStringsArray, ..._: number[]) => parts)`a${1}b`],
      'args[0].raw',
      'a named property',
    ],
    ['a symbol of a long array', [hidden([...many], Symbol(CANARY))], 'args[0]', 'an object with a symbol as key'],
    ...[Buffer.alloc(2), Buffer.alloc(200), new Uint8Array(2), new Float64Array(200)].flatMap(
      (data): [string, unknown[], string, string][] => {
        const { name } = data.constructor;
        const copy = (): typeof data => data.slice();
        return [
          [`a name on ${name} of ${data.length}`, [Object.assign(copy(), { x: CANARY })], 'args[0]', `a ${name} with`],
          [`a length of ${name} of ${data.length}`, [hidden(copy(), 'length', 1)], 'args[0]', `a ${name} with`],
          [
            `a symbol on ${name} of ${data.length}`,
            [hidden(copy(), Symbol(CANARY))],
            'args[0]',
            'an object with a symbol',
          ],
        ];
      },
    ),
    ['a hidden name on a Buffer', [hidden(Buffer.alloc(9), 'x')], 'args[0]', 'a Buffer with properties of its own'],
    ['a name on an ArrayBuffer', [hidden(new ArrayBuffer(1), 'x')], 'args[0]', 'a ArrayBuffer with properties'],
    ['a name on a DataView', [hidden(new DataView(new ArrayBuffer(1)), 'x')], 'args[0]', 'a DataView with properties'],
    [
      'memory that can grow',
      [Reflect.construct(ArrayBuffer, [1, { maxByteLength: 2 }])],
      'args[0]',
      'an ArrayBuffer that can be resized',
    ],
    ...[new Map(), new Set(), new Date(0), /x/, new URL('http://a'), new URLSearchParams('a=b')].map(
      (value): [string, unknown[], string, string] => {
        const { name } = value.constructor;
        return [`a hidden name on ${name}`, [hidden(value, 'x')], 'args[0]', `a ${name} with properties of its own`];
      },
    ),
    ...[Map, Set, RegExp, URL, Array, Uint8Array, ArrayBuffer].map((type): [string, unknown[], string, string] => {
      const argument = type === RegExp || type === URL ? 'http:a' : undefined;
      return [
        `another class called ${type.name}`,
        [Reflect.construct(namesake(type), argument === undefined ? [] : [argument])],
        'args[0]',
        `an instance of class ${type.name}, but no real ${type.name}`,
      ];
    }),
    ['a fake URL', [Object.create(URL.prototype)], 'args[0]', 'an instance of class URL'],
    ['a RegExp in use', [{ a: used }], 'args[0].a', 'a RegExp whose lastIndex is not 0'],
    ['a revoked proxy', [{ a: revoked({}) }], 'args[0].a', 'a proxy'],
    ['a revoked proxy of an array', [[revoked([])]], 'args[0][0]', 'a proxy'],
    ['a revoked proxy of a function', [revoked(() => {})], 'args[0]', 'a function'],
    ['a revoked proxy in a Map', [new Map([[1, revoked({})]])], 'args[0].get(1)', 'a proxy'],
    ['a proxy that throws', [hostile({ a: 1 })], 'args[0]', 'a proxy'],
    ['a proxy that might answer otherwise', [new Proxy({ a: 1 }, {})], 'args[0]', 'a proxy'],
    ['a prototype that throws', [Object.create(hostile({}))], 'args[0]', 'an instance of an anonymous class'],
    [
      'a class that throws when it is looked at',
      [
        new (class {
          static get name(): string {
            throw new Error(CANARY);
          }
        })(),
      ],
      'args[0]',
      'an instance of an anonymous class',
    ],
  ])('%s is refused by its path', (_, args, path, what) => {
    const error = fault(() => encodePayload(args));
    expect(error.code).toBe('UNSERIALIZABLE_ARGUMENT');
    expect(error.message).toContain(`${path} cannot be sent to a worker: it is ${what}`);
    expect(error.message).toMatch(/- (Pass|Await|Or pass) /);
    expect(inspect(error, { depth: 9 })).not.toContain(CANARY);
  });

  it.each<[string, unknown, string]>([
    [
      'a DTO',
      new (class Dto {
        name = 'Ada';
      })(),
      'Or pass a plain copy: { ...dto }, list.map((dto) => ({ ...dto })) of a list',
    ],
    ['a promise', Promise.resolve(7), 'Await it first: delay(await value).'],
    [
      'an error',
      new TypeError('late'),
      'Pass what the task needs of it: { name: error.name, message: error.message }.',
    ],
    ['a subclass of Map', new (class Index extends Map {})(), 'Or pass a plain copy: '],
    ['a function', () => 7, 'Pass an id and let the task load what it needs, or pass plain data.'],
  ])('is refused with an alternative: %s', (_, value, remedy) => {
    expect(fault(() => encodePayload([value])).message).toContain(`- ${remedy}`);
  });

  it('that contains further instances is encoded as instanceToPlain() returns it', () => {
    class Line {
      bought = new Date(0);
    }
    class Order {
      lines = [new Line()];
    }
    expect(thereAndBack([instanceToPlain(new Order())])).toEqual([{ lines: [{ bought: new Date(0) }] }]);
  });

  it('is named from another root on request', () => {
    expect(() => encodePayload([{ a: Symbol() }], 'calls[3]')).toThrow('calls[3][0].a cannot be sent');
  });

  it('is a list of arguments that throws when it is read', () => {
    const error = fault(() => encodePayload(hostile([1]) as unknown[], 'calls[3]'));
    expect(error.code).toBe('UNSERIALIZABLE_ARGUMENT');
    expect(error.message).toContain('calls[3] cannot be sent to a worker: it is a list that cannot be read');
    expect(inspect(error, { depth: 9 })).not.toContain(CANARY);
  });

  it('never runs code of an argument', () => {
    let calls = 0;
    const trap = () => calls++;
    const get = { get: trap, enumerable: true };
    for (const length of [1, 100]) {
      fault(() => encodePayload([Object.defineProperty(Array(length).fill(1), length - 1, get)]));
      fault(() => encodePayload([Object.defineProperty(new Uint8Array(length), 'length', get)]));
      fault(() => encodePayload([Object.defineProperty(new Uint8Array(length), 'byteLength', get)]));
      fault(() => encodePayload([Object.defineProperty(Array(length).fill(1), 'toJSON', { value: trap })]));
    }
    fault(() => encodePayload([new Proxy({}, { get: trap, ownKeys: () => [String(trap())] })]));
    fault(() =>
      encodePayload([
        Object.create({
          get constructor() {
            return trap();
          },
        }),
      ]),
    );
    fault(() => encodePayload([Object.defineProperty({}, 'a', { get: trap, enumerable: true })]));
    fault(() => encodePayload([{ toJSON: trap, toString: trap, valueOf: trap }]));
    expect(calls).toBe(0);
  });
});

describe('depth', () => {
  function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
    let value: unknown = CANARY;
    for (let level = 0; level < levels; level++) value = wrap(value);
    return value;
  }

  it.each<[string, (inner: unknown) => unknown]>([
    ['objects', (inner) => ({ a: inner })],
    ['arrays', (inner) => [inner]],
    ['maps', (inner) => new Map([['a', inner]])],
    ['sets', (inner) => new Set([inner])],
  ])('of %s may be 64 levels and no more', (_, wrap) => {
    const deepest = [nested(64, wrap)];
    expect(picture(thereAndBack(deepest))).toBe(picture(deepest));
    const error = fault(() => encodePayload([nested(65, wrap)]));
    expect(error.code).toBe('PAYLOAD_TOO_DEEP');
    expect(error.message).toContain('nests deeper than 64 levels');
    expect(error.message).toContain('cycle');
    expect(error.message).toMatch(/^args\[0\]/);
    expect(error.message).not.toContain(CANARY);
  });

  it('of a million levels overflows nothing', () => {
    expect(fault(() => encodePayload([nested(1_000_000, (inner) => [inner])])).code).toBe('PAYLOAD_TOO_DEEP');
  });

  it('of a foreign payload overflows nothing', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(() => decodePayload(JSON.parse(deep))).not.toThrow();
  });
});

describe('size', () => {
  const full = KIB_256 - '[""]'.length;
  const memory = new ArrayBuffer(KIB_256);
  const long = 'é'.repeat(200_000);

  it.each([
    ['ASCII', 'a'.repeat(full)],
    ['two bytes a character', 'é'.repeat(full / 2)],
    ['surrogate pairs', '🙂'.repeat(full / 4)],
  ])('may be 256 KiB and no more: %s', (_, text) => {
    expect(Buffer.byteLength(encodePayload([text]))).toBe(KIB_256);
    const error = fault(() => encodePayload([`${text}a`]));
    expect(error.code).toBe('PAYLOAD_TOO_LARGE');
    expect(error.message).toContain(`args takes ${KIB_256 + 1} bytes; the limit is 262144 bytes`);
    expect(error.message).toContain('- Store the data elsewhere');
    expect(error.message.length).toBeLessThan(400);
  });

  it.each<[string, unknown[], string]>([
    ['many small values', [Array.from({ length: 100_000 }, () => 100)], 'args takes 400003 bytes'],
    ['rich, counted as encoded', [undefined, '"'.repeat(50_000), 'é'.repeat(100_000)], 'args takes '],
    ['a huge string', [{ a: CANARY.repeat(100_000) }], 'args[0].a is a string of 600000 characters'],
    ['a huge Buffer', [[Buffer.alloc(500_000_000)]], 'args[0][0] holds 500000000 bytes'],
    ['a huge ArrayBuffer', [new ArrayBuffer(300_000)], 'args[0] holds 300000 bytes'],
    ['more elements than fit', [{ a: new Array(10_000_000).fill(0) }], 'args[0].a is an array of 10000000 elements'],
    ['more holes than fit', [new Array(4_000_000_000)], 'args[0] is an array of 4000000000 elements'],
    ['more arguments than fit', Array(300_000).fill(1), 'args has 262144 elements or more'],
    [
      'more members than fit',
      [new Set(Array.from({ length: 300_000 }, (_, index) => index))],
      'values()[262143] is past',
    ],
    ['more entries than fit', [new Map(Array.from({ length: 200_000 }, (_, at) => [at, 1]))], ' is past 262144 values'],
    [
      'more properties than fit',
      [Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [index, 1]))],
      'args[0] has 60000 properties',
    ],
    [
      'a bigint that takes seconds to write',
      [[1n << 10_000_000n]],
      'args[0][0] is a bigint of more than 262144 digits',
    ],
    ['a negative one', [-(1n << 10_000_000n)], 'args[0] is a bigint of more than 262144 digits'],
    [
      'many long bigints',
      [Array.from({ length: 20 }, (_, index) => 1n << BigInt(600_000 + index))],
      ' is past 262144 bytes',
    ],
    ['one long string many times', [Array(100_000).fill(long)], 'args takes more than 262144 bytes'],
    [
      'many parts of one long string',
      [undefined, Array.from({ length: 100_000 }, (_, index) => long.slice(index))],
      ' is past 262144 bytes',
    ],
    [
      'many views of one memory',
      [Array.from({ length: 1_000 }, (_, index) => new Uint8Array(memory, index))],
      ' is past 262144 bytes',
    ],
    [
      'one long name in many objects',
      [undefined, Array.from({ length: 50_000 }, () => ({ [long]: 1 }))],
      ' is past 262144 bytes',
    ],
    [
      'a huge URL',
      [Array.from({ length: 9 }, (_, at) => new URL(`http://a/${at}${'b'.repeat(90_000)}`))],
      ' is past 262144',
    ],
    ['huge parameters', [new URLSearchParams({ a: 'b'.repeat(900_000), c: 'd' })], ' is past 262144 bytes'],
    ['a huge RegExp', [new RegExp('a'.repeat(900_000)), new RegExp('b'.repeat(900_000))], ' is past 262144 bytes'],
    ['one array of holes many times', [Array(100_000).fill(new Array(100_000))], ' is past 262144 values'],
  ])('is refused at once: %s', (_, args, what) => {
    const error = fault(() => encodePayload(args));
    expect(error.code).toBe('PAYLOAD_TOO_LARGE');
    expect(error.message).toContain(what);
    expect(error.message).not.toContain(CANARY);
  });

  it('counts an object that is referenced many times once when it is sent once', () => {
    const shared = {
      text: 'é'.repeat(60_000),
      data: new Uint8Array(60_000),
      name: 1n << 20_000n,
      list: [1, undefined],
    };
    const args = Array.from({ length: 1_000 }, () => shared);
    expect(picture(thereAndBack(args).slice(998))).toBe(picture(args.slice(998)));
  });

  it('is bounded where shared references multiply', () => {
    let doubled: unknown = 1;
    for (let level = 0; level < 60; level++) doubled = [doubled, doubled];
    expect(fault(() => encodePayload([doubled])).code).toBe('PAYLOAD_TOO_LARGE');
  });
});

describe('decodePayload', () => {
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'neither an array nor a string'],
    ['null', null, 'neither an array nor a string'],
    ['an object', { 0: CANARY, length: 1 }, 'neither an array nor a string'],
    ['other text', CANARY, 'not the text of devalue'],
    ['an empty text', '', 'not the text of devalue'],
    ['a missing index', '[[5]]', 'not the text of devalue'],
    ['an unknown type', `[[1],["${CANARY}",2],1]`, 'not the text of devalue'],
    ['a bad bigint', `[[1],["BigInt","${CANARY}"]]`, 'not the text of devalue'],
    ['a bad RegExp', `[[1],["RegExp","(${CANARY}"]]`, 'not the text of devalue'],
    ['a bad URL', `[[1],["URL","${CANARY}"]]`, 'not the text of devalue'],
    ['a Buffer of something else', `[[1],["Buffer",2],"${CANARY}"]`, 'not the text of devalue'],
    [
      'too deep a text',
      `[${Array.from({ length: 100_000 }, (_, index) => `[${index + 1}]`)},1]`,
      'not the text of devalue',
    ],
    ['billions of arguments', '[[-7,4000000000]]', 'not the text of devalue'],
    ['billions of holes', '[[1],[-7,4000000000,7,2],1]', 'not the text of devalue'],
    ['more arguments than are ever sent', new Array(200_000).fill(1), 'has 200000 arguments'],
    ['no arguments', `["${CANARY}"]`, 'is not an array'],
    ['a lone undefined', '-1', 'is not an array'],
    ['a rich __proto__', `[[1],{"__proto__":2},"${CANARY}"]`, 'not the text of devalue'],
    ['a rich __proto__ without prototype', `[[1],["null","__proto__",2],"${CANARY}"]`, 'not the text of devalue'],
    ['a plain __proto__', JSON.parse(`[{"a":[{"__proto__":"${CANARY}"}]}]`), 'has a __proto__ key'],
  ])('refuses %s', (_, value, what) => {
    const error = fault(() => decodePayload(value));
    expect(error.code).toBe('UNDECODABLE_MESSAGE');
    expect(error.message).toContain('The payload of a message ');
    expect(error.message).toContain(what);
    expect(inspect(error, { depth: 9 })).not.toContain(CANARY);
  });

  it.each(['[{"__proto__":1}]', '[{"\\u005f_proto__":1}]', '[{"__pr\\u006Fto__":1}]', '[[[{"a":{"__proto__":{}}}]]]'])(
    'finds a __proto__ key in %s, with or without the text',
    (text) => {
      expect(fault(() => decodePayload(JSON.parse(text), text, 'task 7')).message).toContain(
        'of task 7 has a __proto__',
      );
      expect(fault(() => decodePayload(JSON.parse(text))).code).toBe('UNDECODABLE_MESSAGE');
    },
  );

  it('accepts "__proto__" as a value', () => {
    const text = '[{"a":"__proto__"},"\\u005f_proto__"]';
    expect(decodePayload(JSON.parse(text), text)).toEqual([{ a: '__proto__' }, '__proto__']);
  });
});
