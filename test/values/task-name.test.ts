import { assertNamespace, assertQueueName, assertTaskName } from '../../src/values/task-name.js';

const kinds = [
  { subject: 'queue name', check: (value: unknown) => assertQueueName(value), longest: 100 },
  { subject: 'namespace', check: (value: unknown) => assertNamespace(value), longest: 100 },
  { subject: 'task name', check: (value: unknown) => assertTaskName(value), longest: 200 },
];

describe.each(kinds)('a $subject', ({ subject, check, longest }) => {
  it.each(['a', '7', 'critical', 'my-queue_2.high', '.', 'constructor', '__proto__', 'Z'.repeat(longest)])(
    'may be %j',
    (name) => {
      expect(() => check(name)).not.toThrow();
    },
  );

  it.each([
    ['', "''"],
    ['my queue', "'my queue'"],
    ['a\n', "'a\\n'"],
    ['{a}', "'{a}'"],
    ['a/b', "'a/b'"],
    ['é', "'é'"],
    ['z'.repeat(longest + 1), `'${'z'.repeat(40)}'... ${longest - 39} more characters`],
    [undefined, 'undefined'],
    [null, 'null'],
    [7, '7'],
    [['a'], '[Array]'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [class Orders {}, '[class Orders]'],
  ])('may not be %p, and the error says so', (value, shown) => {
    expect(() => check(value)).toThrow(
      expect.objectContaining({
        code: 'INVALID_NAME',
        message: expect.stringContaining(`${shown} is not a valid ${subject}.`),
      }),
    );
    expect(() => check(value)).toThrow(`Use 1 to ${longest} characters of A-Z, a-z, 0-9,`);
  });
});

it('only the name of a task may contain ":" and "$"', () => {
  for (const name of ['ReportTasks.send', 'reports:send', '$tasks.$send']) {
    expect(() => assertTaskName(name)).not.toThrow();
  }
  for (const name of ['reports:send', '$reports']) {
    expect(() => assertQueueName(name)).toThrow('is not a valid queue name');
    expect(() => assertNamespace(name)).toThrow('is not a valid namespace');
  }
});
