import { hostname } from 'node:os';
import type { DeathReport } from '../../src/broker/port/broker.js';
import { CANCELLED, DIES, DROPS } from '../../src/ipc/scoreboard-layout.js';
import type { LimitedTask } from '../../src/ipc/scoreboard-reader.js';
import { attemptsOf } from '../../src/message/attempt-record.js';
import { blamedFor, type Death, settlementOf, sparedBy } from '../../src/supervisor/child-exit.js';

const DEATH: Death = { pid: 7, reason: 'SIGKILL', running: [], done: [], timedOut: [] };
const PLACE = { host: hostname(), pid: 7 };

function late(id: string, afterwards: number): LimitedTask {
  return { id, deadlineMs: 5, afterwards };
}

/** The outcome of each task. */
function said(death: Partial<Death>): Pick<ReturnType<typeof settlementOf>, 'blamed' | 'done'> & { timedOut: unknown } {
  const { blamed, done, timedOut } = settlementOf({ ...DEATH, ...death });
  return { blamed, done, timedOut: timedOut.map(({ id, retryInMs }) => [id, retryInMs]) };
}

describe('a childExit', () => {
  it.each<[string, Partial<Death>, object]>([
    ['nothing that ran', {}, { blamed: [], done: [], timedOut: [] }],
    ['what ran', { running: ['a', 'b'] }, { blamed: ['a', 'b'], done: [], timedOut: [] }],
    ['what was done', { running: ['a'], done: ['b'] }, { blamed: ['a'], done: ['b'], timedOut: [] }],
    [
      'what ran out of time, to run again',
      { timedOut: [late('a', 50)] },
      { blamed: [], done: [], timedOut: [['a', 50]] },
    ],
    ['the same, at once', { timedOut: [late('a', 0)] }, { blamed: [], done: [], timedOut: [['a', 0]] }],
    [
      'what ran out of time and is dead',
      { timedOut: [late('a', DIES)] },
      { blamed: [], done: [], timedOut: [['a', DIES]] },
    ],
    [
      'what ran out of time and is dropped',
      { timedOut: [late('a', DROPS)] },
      { blamed: [], done: ['a'], timedOut: [] },
    ],
    [
      'what was cancelled and did not end: Redis decides',
      { running: ['a'], timedOut: [late('a', CANCELLED)] },
      { blamed: [], done: [], timedOut: [] },
    ],
    [
      'what ran out of time, and no crash beside',
      { running: ['a', 'b'], timedOut: [late('a', 50)] },
      { blamed: ['b'], done: [], timedOut: [['a', 50]] },
    ],
    [
      'what ended in the last moment as done',
      { done: ['a'], timedOut: [late('a', 50), late('b', DIES)] },
      { blamed: [], done: ['a'], timedOut: [['b', DIES]] },
    ],
    [
      'what ended in the last moment as done, once',
      { done: ['a'], timedOut: [late('a', DROPS)] },
      { blamed: [], done: ['a'], timedOut: [] },
    ],
    [
      'everything at once',
      { running: ['r', 'l'], done: ['d'], timedOut: [late('l', 1), late('x', DROPS), late('y', DIES)] },
      {
        blamed: ['r'],
        done: ['d', 'x'],
        timedOut: [
          ['l', 1],
          ['y', DIES],
        ],
      },
    ],
  ])('takes %s for what it is', (_what, death, expected) => {
    expect(said(death)).toEqual(expected);
  });

  it('records in history and report how the process ended, and where', () => {
    const before = Date.now();
    const { line, report, maxCrashes } = settlementOf({ ...DEATH, reason: 'exit code 1' });
    const [attempt] = attemptsOf(`message${line}`);
    expect(attempt).toEqual({
      at: expect.any(Number),
      code: 'CRASHED',
      error: 'Its process died (exit code 1).',
      ...PLACE,
    });
    expect(attempt?.at).toBeGreaterThanOrEqual(before);
    expect(maxCrashes).toBe(3);
    expect(JSON.parse(report)).toEqual({
      code: 'CRASHED',
      error: expect.stringContaining('(exit code 1) 3 times'),
      ...PLACE,
    });
    expect(report).not.toContain('\n');
  });

  describe('when an uncaught error ended it', () => {
    const uncaught = {
      error: 'TypeError: card 4242',
      stack: 'TypeError: card 4242\n    at pay',
      task: { id: 'a', name: 'A.b' },
    };

    function recorded(death: Partial<Death>): { history: string | undefined; report: DeathReport } {
      const { line, report } = settlementOf({ ...DEATH, reason: 'exit code 1', uncaught, ...death });
      return { history: attemptsOf(`message${line}`)[0]?.error, report: JSON.parse(report) };
    }

    it.each<[string, Partial<Death>]>([
      ['the task that threw it', { running: ['a'] }],
      ['the task that threw it beside others', { running: ['a', 'b'] }],
      [
        'the only task, when it is not known which threw it',
        { running: ['a'], uncaught: { ...uncaught, task: undefined } },
      ],
    ])('records the error and its place for %s', (_whom, death) => {
      expect(recorded(death)).toEqual({
        history: 'Its process died (exit code 1) of an uncaught error: TypeError: card 4242',
        report: {
          code: 'CRASHED',
          error:
            'Its process died (exit code 1) 3 times while it ran this task, the last time of an uncaught error: TypeError: card 4242',
          stack: uncaught.stack,
          ...PLACE,
        },
      });
    });

    it('records the name of the error alone for a task whose data is sealed', () => {
      const death = { running: ['a'], uncaught: { ...uncaught, withheld: 'TypeError' } };
      const { history, report } = recorded(death);
      expect(history).toBe(
        'Its process died (exit code 1) of an uncaught TypeError; the log of its worker has the rest.',
      );
      expect(JSON.stringify(report)).not.toContain('4242');
    });

    it.each<[string, Partial<Death>, string]>([
      ['of another task', { running: ['b'], disputed: true }, 'out of A.b a'],
      ['beside others', { running: ['a', 'b'], disputed: true }, 'out of A.b a'],
      ['of an unknown task', { running: ['a', 'b'], uncaught: { error: uncaught.error } }, 'by one of several tasks'],
    ])('records no text of an error %s', (_whose, death, from) => {
      const { history, report } = recorded(death);
      expect(history).toBe(`Its process died (exit code 1) of an uncaught error, thrown ${from}.`);
      expect(report.stack).toBeUndefined();
      expect(JSON.stringify(report)).not.toContain('4242');
    });
  });

  describe('blames', () => {
    const byA = { error: 'Error: no', task: { id: 'a', name: 'A.b' } };
    it.each<[string, Partial<Death>, readonly string[], readonly string[]]>([
      ['all running tasks if the cause is not known', { running: ['a', 'b'] }, ['a', 'b'], []],
      [
        'all running tasks if the error names none',
        { running: ['a', 'b'], uncaught: { error: 'Error: no' } },
        ['a', 'b'],
        [],
      ],
      ['the task that the error names', { running: ['a', 'b'], uncaught: byA }, ['a'], ['b']],
      ['no task if the error names one that has ended', { running: ['b', 'c'], uncaught: byA }, [], ['b', 'c']],
      ['no task if that one was done, and not acked', { running: ['b'], done: ['a'], uncaught: byA }, [], ['b']],
      [
        'all running tasks if the error is disputed',
        { running: ['b', 'c'], uncaught: byA, disputed: true },
        ['b', 'c'],
        [],
      ],
      ['no task while the worker is being stopped', { running: ['a', 'b'], uncaught: byA, stopping: true }, [], []],
      ['no task for which the process was ended', { running: ['a', 'b'], timedOut: [late('a', 0)] }, ['b'], []],
    ])('%s', (_whom, given, blamed, spared) => {
      const death = { ...DEATH, ...given };
      expect(blamedFor(death)).toEqual(blamed);
      expect(settlementOf(death).blamed).toEqual(blamed);
      expect(sparedBy(death)).toEqual(spared);
    });
  });

  it('has the same record for each task that ran out of time', () => {
    const [{ line = '', report = '' } = {}] = settlementOf({ ...DEATH, timedOut: [late('a', 0)] }).timedOut;
    expect(attemptsOf(`message${line}`)).toEqual([
      { at: expect.any(Number), code: 'HARD_TIMEOUT', error: expect.stringContaining('hard timeout'), ...PLACE },
    ]);
    expect(JSON.parse(report)).toEqual({
      code: 'HARD_TIMEOUT',
      error: expect.stringContaining('hard timeout'),
      ...PLACE,
    });
    expect(report).not.toContain('\n');
  });
});
