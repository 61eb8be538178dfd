import type { Settlement } from '../../src/broker/port/broker.js';
import type { Death } from '../../src/supervisor/child-exit.js';
import { exitLine, unbooted } from '../../src/supervisor/child-exit-log.js';

const DEATH: Death = { pid: 7, reason: 'SIGKILL', running: [], done: [], timedOut: [] };
const NONE: Settlement = { released: 0, crashed: 0, quarantined: 0, dead: 0, timedOut: 0 };
const late = { id: 'late', deadlineMs: 5, afterwards: 0 };

describe('an exitLine', () => {
  it.each<[Partial<Death>, Partial<Settlement>, string]>([
    [{}, {}, 'Child 7 died (SIGKILL); tasks: none held.'],
    [{ reason: 'exit code 1' }, { released: 3 }, 'Child 7 died (exit code 1); tasks: 3 given back.'],
    [
      { running: ['a'] },
      { crashed: 1, released: 2 },
      'Child 7 died (SIGKILL) while it ran a; tasks: 2 given back, 1 to run again alone after a crash.',
    ],
    [
      { running: ['a', 'b'] },
      { quarantined: 2 },
      'Child 7 died (SIGKILL) while it ran a, b; tasks: 2 to run again alone in quarantine.',
    ],
    [{ running: ['a'] }, { dead: 1 }, 'Child 7 died (SIGKILL) while it ran a; tasks: 1 dead after repeated crashes.'],
    [
      { timedOut: [late] },
      { timedOut: 1, released: 1 },
      'Child 7 died (SIGKILL) while it ran late; tasks: 1 given back, 1 to run again after a hard timeout.',
    ],
    [
      { timedOut: [late] },
      { dead: 1 },
      'Child 7 died (SIGKILL) while it ran late; tasks: 1 dead after a hard timeout.',
    ],
    [
      { reason: 'exit code 1', running: ['a'], uncaught: { error: 'Error: no', task: { id: 'a', name: 'A.b' } } },
      { crashed: 1 },
      'Child 7 died (exit code 1, uncaught in A.b a: Error: no) while it ran a; tasks: 1 to run again alone after a crash.',
    ],
    [
      { reason: 'exit code 1', uncaught: { error: 'Error: no' } },
      {},
      'Child 7 died (exit code 1, uncaught: Error: no); tasks: none held.',
    ],
    [
      { reason: 'exit code 1', running: ['b'], uncaught: { error: 'Error: no', task: { id: 'a', name: 'A.b' } } },
      { released: 1 },
      'Child 7 died (exit code 1, uncaught in A.b a, which had ended: Error: no) while it ran b; tasks: 1 given back.',
    ],
    [
      { reason: 'exit code 0', running: ['a'], stopping: true },
      { released: 1 },
      'Child 7 died (exit code 0) while it ran a as the worker was being stopped; tasks: 1 given back.',
    ],
    [{ done: ['a'] }, {}, 'Child 7 died (SIGKILL); tasks: none held.'],
  ])('of %p says how the tasks go on: %p', (death, settlement, text) => {
    expect(exitLine({ ...DEATH, ...death }, { ...NONE, ...settlement })).toBe(text);
  });
});

it('an exitLine is one line, for any content of the error', () => {
  const uncaught = { error: 'Error: a\n[Nest] 7 LOG fine\u001b[0m', task: { id: 'a\n', name: 'x'.repeat(1_000_000) } };
  const text = exitLine({ ...DEATH, uncaught }, NONE);
  expect(text).toMatch(
    /^Child 7 died \(SIGKILL, uncaught in x{200}… a\\n, which had ended: Error: a\\n\[Nest\] 7 LOG fine\\x1b\[0m\); tasks: none held\.$/,
  );
});

it('an exitLine of a child that could not boot keeps its lines, without control characters', () => {
  const text = unbooted(7, 'NestworkError: No.\n\nPotential solutions:\n- Try\u001b[2J.', { error: 'Error: a\nb' });
  expect(text).toBe('Child 7 could not boot: NestworkError: No.\n\nPotential solutions:\n- Try\\x1b[2J.: Error: a\\nb');
});
