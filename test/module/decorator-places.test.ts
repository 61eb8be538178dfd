import { Broadcast } from '../../src/decorators/broadcast.decorator.js';
import { Cron } from '../../src/decorators/cron.decorator.js';
import { Interval } from '../../src/decorators/interval.decorator.js';
import { Payload } from '../../src/decorators/payload.decorator.js';
import { Task } from '../../src/decorators/task.decorator.js';
import { TaskHooks } from '../../src/decorators/task-hooks.decorator.js';

/** As untyped code would; the compiler refuses most of it. */
type Untyped = (...all: unknown[]) => unknown;

class Reports {}

const method = { value: (): void => {} };

const decorators: [string, () => Untyped, Untyped][] = [
  ['@Task()', () => Task() as Untyped, Task as Untyped],
  ['@Cron()', () => Cron('0 8 * * *') as Untyped, Cron as Untyped],
  ['@Interval()', () => Interval('1h') as Untyped, Interval as Untyped],
  ['@Broadcast()', () => Broadcast() as Untyped, Broadcast as Untyped],
];

const places: [string, unknown[], string][] = [
  ['a getter', [Reports.prototype, 'send', { get: () => () => {} }], 'Reports.send stands on an accessor'],
  ['a static method', [Reports, 'send', method], 'Reports.send stands on a static member'],
  [
    'a symbol',
    [Reports.prototype, Symbol('send'), method],
    'Reports.Symbol(send) stands on a method named by a symbol',
  ],
  [
    'a property',
    [Reports.prototype, 'send', undefined],
    'Reports.send stands on a property, such as an arrow function',
  ],
  [
    'a property of Babel',
    [Reports.prototype, 'send', { initializer: () => () => {} }],
    'Reports.send stands on a property',
  ],
  ['a class', [Reports], 'Reports stands on a class'],
  ['a parameter', [Reports.prototype, 'send', 0], 'Reports.send stands on a parameter'],
  [
    'a method in the standard way',
    [method.value, { kind: 'method', name: 'send' }],
    'send stands on a method that is decorated in the standard way',
  ],
];

describe.each(decorators)('%s', (written, make, bare) => {
  it.each(places)('on %s is refused, and the error names the place', (_what, place, text) => {
    expect(() => make()(...place)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining(`${written} on ${text}`) }),
    );
  });

  it('without its parentheses is refused', () => {
    expect(() => bare(Reports.prototype, 'send', method)).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        message: expect.stringContaining(`${written} in class Reports is written without its parentheses`),
      }),
    );
  });
});

describe('@TaskHooks()', () => {
  it('without its parentheses, and on a method, is refused', () => {
    expect(() => (TaskHooks as Untyped)(Reports)).toThrow(/@TaskHooks\(\) in class Reports is written without/);
    expect(() => (TaskHooks() as Untyped)(Reports.prototype, 'onTaskStart', method)).toThrow(
      /@TaskHooks\(\) in Reports does not stand on the class/,
    );
  });
});

it('@Payload() without its parentheses is refused', () => {
  expect(() => (Payload as Untyped)(Reports.prototype, 'send', 0)).toThrow(/@Payload\(\) in class Reports is written/);
});
