import { runInNewContext } from 'node:vm';
import { assertKnownOptions } from '../../src/values/known-options.js';

const check = (options: unknown) => () => assertKnownOptions(options, ['name', 'queue'], '@Task()');

describe('assertKnownOptions', () => {
  it.each([{}, { name: 'a' }, { name: undefined, queue: 'b' }])('accepts %j', (options) => {
    expect(check(options)).not.toThrow();
  });

  it('names the option that does not exist, and the options that do', () => {
    expect(check({ quue: 'bulk' })).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
    expect(check({ quue: 'bulk' })).toThrow('@Task() has no option "quue"');
    expect(check({ quue: 'bulk' })).toThrow('Known options: name, queue.');
  });

  it.each<[string, object]>([
    ['a Map', new Map([['queue', 'bulk']])],
    ['an empty Map', new Map()],
    ['a Set', new Set(['queue'])],
    ['a promise', Promise.resolve({ queue: 'bulk' })],
    ['the Headers of fetch', new Headers()],
    [
      'a class with a getter',
      new (class Settings {
        get queue() {
          return 'bulk';
        }
      })(),
    ],
    ['inherited options', Object.assign(Object.create({ queue: 'bulk' }), { name: 'a' })],
    ['a hidden option', Object.defineProperty({ name: 'a' }, 'queue', { value: 'bulk' })],
    ['a symbol', { [Symbol('queue')]: 'bulk' }],
  ])('refuses %s, which is no plain object of own options', (_, options) => {
    expect(check(options)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
    expect(check(options)).toThrow('Give a plain object.');
  });

  it('accepts own fields of a class, and objects of another realm', () => {
    class Settings {
      readonly queue = 'bulk';
      describe(): string {
        return this.queue;
      }
    }
    expect(check(new Settings())).not.toThrow();
    expect(check(runInNewContext('({ queue: "bulk" })'))).not.toThrow();
    expect(check(new Proxy({ queue: 'bulk' }, {}))).not.toThrow();
  });

  it.each([null, undefined, 'bulk', 7, ['bulk']])('refuses %j', (options) => {
    expect(check(options)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  });
});
