import { areHeaders, assertHeaders, combineHeaders, sealHeaders } from '../../src/task/headers.js';
import { attemptOf, decodeMessage, encodeMessage } from '../../src/task/task-message.js';
import { RunningTask } from '../../src/worker/running-task.js';

const refused = (named: string): Error =>
  expect.objectContaining({ code: 'INVALID_HEADERS', message: expect.stringContaining(named) });

describe('assertHeaders', () => {
  it.each([{}, { a: '' }, { tenant: 'acme', traceparent: undefined }, { ['n'.repeat(128)]: 'x' }, Object.create(null)])(
    'lets %p pass',
    (headers) => {
      expect(() => assertHeaders(headers, 'here')).not.toThrow();
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
  ])('refuses %p', (headers, named) => {
    expect(() => assertHeaders(headers, 'here')).toThrow(refused(named));
  });

  it('never shows a value', () => {
    const message = expect.not.stringContaining('hunter2');
    expect(() => assertHeaders({ token: ['hunter2'] }, 'here')).toThrow(expect.objectContaining({ message }));
  });
});

describe('combineHeaders', () => {
  it('puts those of the call first, and leaves out what is undefined', () => {
    expect(combineHeaders({ a: '1', b: '1', c: '1' }, { b: '2', c: undefined }, 'T')).toEqual({ a: '1', b: '2' });
  });

  it.each([
    [undefined, undefined],
    [{}, {}],
    [{ a: '1' }, { a: undefined }],
  ])('gives nothing for %p and %p, so that they take no room', (propagated, own) => {
    expect(combineHeaders(propagated, own, 'T')).toBeUndefined();
  });

  it('counts bytes of names and values together, up to 8 KiB', () => {
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
    expect(sealHeaders(undefined)).toBe(headers);
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
