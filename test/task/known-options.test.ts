import { assertKnownOptions } from '../../src/task/known-options.js';

const check = (options: unknown) => () => assertKnownOptions(options, ['name', 'queue'], '@Task()');

describe('assertKnownOptions', () => {
  it.each([{}, { name: 'a' }, { name: undefined, queue: 'b' }])('accepts %j', (options) => {
    expect(check(options)).not.toThrow();
  });

  it('names an option that nobody would look at, and those there are', () => {
    expect(check({ quue: 'bulk' })).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
    expect(check({ quue: 'bulk' })).toThrow('@Task() has no option "quue"');
    expect(check({ quue: 'bulk' })).toThrow('Known are: name, queue.');
  });

  it.each([null, undefined, 'bulk', 7, ['bulk']])('refuses %j', (options) => {
    expect(check(options)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  });
});
