import { NestworkError } from '../../src/errors.js';
import {
  assertTaskId,
  blockOf,
  isTaskId,
  producerOf,
  SEEN_BLOCK_SIZE,
  TASK_ID_LENGTH,
  TaskIdSequence,
} from '../../src/message/task-id.js';

const PRODUCER = 'k3v9x0q2m7ab';

describe('TaskIdSequence', () => {
  it('counts from 0 in base 36, in fixed width', () => {
    const ids = new TaskIdSequence(PRODUCER);
    const first = Array.from({ length: 37 }, () => ids.next());
    expect([first[0], first[1], first[35], first[36]]).toEqual([
      `${PRODUCER}00000000`,
      `${PRODUCER}00000001`,
      `${PRODUCER}0000000z`,
      `${PRODUCER}00000010`,
    ]);
    expect(first.every((id) => id.length === TASK_ID_LENGTH)).toBe(true);
  });

  it('makes valid ids under a producer id of its own', () => {
    const producers = Array.from({ length: 1_000 }, () => {
      const id = new TaskIdSequence().next();
      assertTaskId(id);
      return producerOf(id);
    });
    expect(new Set(producers).size).toBe(1_000);
    expect(new Set(producers.join('')).size).toBe(36);
  });

  it('never repeats an id: after its last number it continues under a new producer id', () => {
    const ids = new TaskIdSequence(PRODUCER, 36 ** 8 - 1);
    expect(ids.next()).toBe(`${PRODUCER}zzzzzzzz`);
    const next = ids.next();
    assertTaskId(next);
    expect(next.slice(12)).toBe('00000000');
    expect(producerOf(next)).not.toBe(PRODUCER);
    expect(ids.next()).toBe(`${producerOf(next)}00000001`);
  });

  it.each([
    ['', 0],
    ['short', 0],
    ['K3V9X0Q2M7AB', 0],
    [`${PRODUCER}c`, 0],
    [PRODUCER, -1],
    [PRODUCER, 0.5],
    [PRODUCER, Number.NaN],
    [PRODUCER, 36 ** 8],
  ])('refuses to start with producer id %j and number %p', (producer, sequence) => {
    expect(() => new TaskIdSequence(producer, sequence)).toThrow(NestworkError);
  });
});

describe('isTaskId and assertTaskId', () => {
  const valid = `${PRODUCER}00000001`;

  it('accept 20 characters of base 36', () => {
    expect(isTaskId(valid)).toBe(true);
    expect(() => assertTaskId(valid)).not.toThrow();
  });

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [42, '42'],
    [{ id: valid }, '[Object]'],
    [[valid], '[Array]'],
    ['', "''"],
    [valid.slice(1), `'${valid.slice(1)}'`],
    [`${valid}0`, `'${valid}0'`],
    [`${valid}\n`, `'${valid}\\n'`],
    [valid.toUpperCase(), `'${valid.toUpperCase()}'`],
    ['k3v9x0q2m7ab0000-001', "'k3v9x0q2m7ab0000-001'"],
    ['x'.repeat(1_000), `'${'x'.repeat(40)}'... 960 more characters`],
  ])('refuse %j, naming it', (value, shown) => {
    expect(isTaskId(value)).toBe(false);
    expect(() => assertTaskId(value)).toThrow(
      expect.objectContaining({
        code: 'INVALID_TASK_ID',
        message: expect.stringContaining(`${shown} is not a task id.`),
      }),
    );
    expect(() => assertTaskId(value)).toThrow(/Potential solutions:\n- Pass the id of a TaskHandle/);
  });
});

describe('producerOf and blockOf', () => {
  it.each([
    [0, 0],
    [1, 0],
    [SEEN_BLOCK_SIZE - 1, 0],
    [SEEN_BLOCK_SIZE, 1],
    [46_655, 11],
    [36 ** 8 - 1, 688_747_535],
  ])('split number %i into its producer id and block %i', (sequence, block) => {
    const id = new TaskIdSequence(PRODUCER, sequence).next();
    expect(producerOf(id)).toBe(PRODUCER);
    expect(blockOf(id)).toBe(block);
  });
});
