import { Task, type TaskOptions } from '../../src/decorators/task.decorator.js';

/** Defines a class with the options on `Reports.send`. */
function define(options: TaskOptions): unknown {
  class Reports {
    @Task(options)
    send(): void {}
  }
  return Reports;
}

describe('@Task()', () => {
  it.each<[unknown, string]>([
    [{ name: 'send report' }, "'send report' is not a valid task name"],
    [{ name: '' }, "'' is not a valid task name"],
    [{ name: 7 }, '7 is not a valid task name'],
    [{ name: null }, 'null is not a valid task name'],
    [{ queue: 'my queue' }, "'my queue' is not a valid queue name"],
    [{ queue: '' }, "'' is not a valid queue name"],
    [{ queue: 7 }, '7 is not a valid queue name'],
  ])('with %j is refused while the class is being defined', (options, offender) => {
    expect(() => define(options as TaskOptions)).toThrow(
      expect.objectContaining({ code: 'INVALID_NAME', message: expect.stringContaining(offender) }),
    );
  });

  // as untyped code would; the compiler refuses the last one
  const decorate = (target: object, property: string | symbol, descriptor?: PropertyDescriptor): void => {
    (Task() as (...all: unknown[]) => void)(target, property, descriptor);
  };
  class Reports {}

  it.each<[string, () => void, string]>([
    ['an accessor', () => decorate(Reports.prototype, 'send', { get: () => () => {} }), '@Task() on Reports.send'],
    ['a static method', () => decorate(Reports, 'send', { value: () => {} }), '@Task() on Reports.send'],
    ['a symbol', () => decorate(Reports.prototype, Symbol('send'), { value: () => {} }), 'Reports.Symbol(send)'],
    ['a property', () => decorate(Reports.prototype, 'send'), '@Task() on Reports.send'],
  ])('on %s is refused, naming it', (_what, act, offender) => {
    expect(act).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining(offender) }),
    );
  });

  it('leaves the method as it is: called directly, it runs here and now', () => {
    class Adder {
      constructor(private readonly base: number) {}

      @Task()
      add(number: number): number {
        return this.base + number;
      }
    }
    expect(new Adder(1).add(2)).toBe(3);
  });
});
