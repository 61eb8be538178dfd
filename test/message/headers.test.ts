import { areHeaders, combineHeaders, freezeHeaders, readHeaders } from '../../src/message/headers.js';
import { attemptOf, decodeMessage, encodeMessage } from '../../src/message/task-message.js';
import { RunningTask } from '../../src/worker/running-task.js';

const refused = (named: string): Error =>
  expect.objectContaining({ code: 'INVALID_HEADERS', message: expect.stringContaining(named) });

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe('readHeaders', () => {
  it.each([{}, { a: '' }, { tenant: 'acme', traceparent: undefined }, { ['n'.repeat(128)]: 'x' }, Object.create(null)])(
    'accepts %p',
    (headers) => {
      expect(readHeaders(headers, 'here')).toEqual({ ...headers });
    },
  );

  it.each<[unknown, string]>([
    [null, 'here'],
    ['tenant=acme', 'here'],
    [[['tenant', 'acme']], 'here'],
    [Promise.resolve({}), 'a promise'],
    [{ user: 7 }, '"user"'],
    [{ user: null }, '"user"'],
    [{ '': 'x' }, 'name'],
    [{ ['n'.repeat(129)]: 'x' }, 'name'],
    [JSON.parse('{"__proto__":"x"}'), '__proto__'],
    [new Map([['tenant', 'acme']]), 'Object.fromEntries(it)'],
    [new Headers({ tenant: 'acme' }), 'not a plain object: it is an instance of class Headers'],
    [new URLSearchParams('tenant=acme'), 'class URLSearchParams'],
    [new Set(['tenant']), 'class Set'],
    [new FormData(), 'class FormData'],
    [new Date(0), 'class Date'],
    [
      new (class Tenant {
        get tenant() {
          return 'acme';
        }
      })(),
      'class Tenant',
    ],
    [
      Object.assign(
        new (class Tenant {
          get tenant() {
            return 'acme';
          }
        })(),
        { a: 'b' },
      ),
      'from which it has "tenant"',
    ],
    [Object.assign(Object.create({ tenant: 'acme' }), { a: 'b' }), 'from which it has "tenant"'],
    [
      new (class Secret {
        #tenant = 'acme';
        read() {
          return this.#tenant;
        }
      })(),
      'class Secret',
    ],
    [{ a: 'b', [Symbol('tenant')]: 'acme' }, 'a symbol as key'],
    [Object.defineProperty({ a: 'b' }, 'tenant', { value: 'acme' }), 'not enumerable: "tenant"'],
    [{ 'a\ud800': 'b' }, '"a\\ud800"'],
    [{ tenant: 'hunter2\udc00' }, 'Header "tenant" of here has a lone surrogate'],
  ])('refuses %p', (headers, named) => {
    expect(() => readHeaders(headers, 'here')).toThrow(refused(named));
  });

  it('refuses a proxy of a Map and a proxy that cannot be read', () => {
    expect(() => readHeaders(new Proxy(new Map([['tenant', 'acme']]), {}), 'here')).toThrow(
      refused('it is an instance of class Map'),
    );
    expect(() => readHeaders(revoked(), 'here')).toThrow(refused('is a proxy that cannot be read'));
    expect(readHeaders(new Proxy({ tenant: 'acme' }, {}), 'here')).toEqual({ tenant: 'acme' });
  });

  it('accepts own fields of a class that also has methods', () => {
    class Tenant {
      readonly tenant = 'acme';
      describe(): string {
        return this.tenant;
      }
    }
    expect(readHeaders(new Tenant(), 'here')).toEqual({ tenant: 'acme' });
  });

  it('reads each header once, so that the checked value is the value that is sent', () => {
    const answers = ['acme', 7];
    const given = {
      get tenant() {
        return answers.shift();
      },
    };
    expect(readHeaders(given, 'here')).toEqual({ tenant: 'acme' });
  });

  it('refuses a header whose getter throws', () => {
    const given = {
      get tenant(): string {
        throw new Error('hunter2');
      },
    };
    expect(() => readHeaders(given, 'here')).toThrow(refused('cannot be read'));
  });

  it('shows no value of a header in an error', () => {
    const message = expect.not.stringContaining('hunter2');
    expect(() => readHeaders({ token: ['hunter2'] }, 'here')).toThrow(expect.objectContaining({ message }));
  });
});

describe('combineHeaders', () => {
  it('prefers the headers of the call, and omits undefined ones', () => {
    expect(combineHeaders({ a: '1', b: '1', c: '1' }, { b: '2', c: undefined }, 'T')).toEqual({ a: '1', b: '2' });
  });

  it.each([
    [undefined, undefined],
    [{}, {}],
    [{ a: '1' }, { a: undefined }],
  ])('returns nothing for %p and %p, so that no header takes room', (propagated, own) => {
    expect(combineHeaders(propagated, own, 'T')).toBeUndefined();
  });

  it('counts the bytes of names and values together, up to 8 KiB', () => {
    const most = { name: 'é'.repeat(4_094) };
    expect(combineHeaders(most, undefined, 'T')).toEqual(most);
    expect(() => combineHeaders(most, { a: '' }, 'Some.task')).toThrow(refused('"Some.task" take 8193 bytes'));
  });
});

describe('headers in a message', () => {
  const id = 'k3v9x0q2m7ab00000007';
  const read = (raw: string): RunningTask => new RunningTask(decodeMessage(raw), 'default');
  const message = (options?: object): string =>
    encodeMessage({ id, name: 'Some.task', payload: '[]', enqueuedAt: 0, options });

  it('arrive as they were sent, frozen and without a prototype', () => {
    const headers = { tenant: 'acme', constructor: 'x', text: 'line\nbreak "quoted" \ud800' };
    const { headers: seen } = read(message({ headers }));
    expect({ ...seen }).toEqual(headers);
    expect(Object.getPrototypeOf(seen)).toBeNull();
    expect(Object.isFrozen(seen)).toBe(true);
    expect(seen.toString).toBeUndefined();
  });

  it('are an empty object when there are none', () => {
    const { headers } = read(message());
    expect(headers).toEqual({});
    expect(Object.getPrototypeOf(headers)).toBeNull();
    expect(freezeHeaders(undefined)).toBe(headers);
    expect(message()).toHaveLength(34 + '["Some.task",[]]'.length);
  });

  it.each([
    ['7', false],
    ['[]', false],
    ['null', false],
    ['{"a":1}', false],
    ['{"__proto__":"x"}', false],
    ['{"a":"1"}', true],
    ['{}', true],
  ])('%s: headers or not: %s', (json, valid) => {
    expect(areHeaders(JSON.parse(json))).toBe(valid);
    const raw = `${message().slice(0, -1)},{"headers":${json}}]`;
    if (valid) expect(attemptOf(decodeMessage(raw))).toBe(1);
    else expect(() => decodeMessage(raw)).toThrow(expect.objectContaining({ code: 'UNDECODABLE_MESSAGE' }));
  });
});
