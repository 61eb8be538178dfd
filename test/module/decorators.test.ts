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

  it.each([-1, 1.5, 10_001, '100', true, null])('with `keepDone` %p is refused', (keepDone) => {
    expect(() => define({ keepDone } as TaskOptions)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining('keepDone of @Task()') }),
    );
  });

  it('leaves the method as it is: a direct call runs it here and now', () => {
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
