import type { Contestant, Figure } from '../../bench/harness/figure.js';
import { figureText } from '../../bench/harness/report.js';
import { playRounds } from '../../bench/harness/rounds.js';

function figure(...contestants: Contestant[]): Figure {
  const head = { id: 'f', title: 'F', unit: 's', better: 'lower', how: 'Measured.' } as const;
  return { ...head, contestants, goals: [], rounds: { full: 2, quick: 2 } };
}

const sound: Contestant = { name: 'sound', measure: () => Promise.resolve(3) };
const failing: Contestant = { name: 'failing', measure: () => Promise.reject(new Error('was not ready')) };

describe('the rounds of a figure', () => {
  it('go on when a contestant fails, which is reported as not measured', async () => {
    const { series, missing } = await playRounds(figure(failing, sound), true, () => {});
    expect(series).toEqual([{ contestant: 'sound', values: [3, 3] }]);
    expect(missing).toEqual([{ contestant: 'failing', why: 'was not ready' }]);
    const result = { ...figure(), series, missing, goalResults: [], measuredAt: '', commit: '', quick: true };
    expect(figureText(result)).toContain('- failing: **not measured**, was not ready');
  });
});
