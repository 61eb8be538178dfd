import { surplusOf } from '../../../src/supervisor/scaling/surplus.js';

type Placed = Parameters<typeof surplusOf>[0] extends Iterable<infer C> ? C & { readonly name: string } : never;

function child(name: string, { active = 0, ...given }: Partial<Placed> & { active?: number } = {}): Placed {
  const tasks = Array.from({ length: active }, () => ({ id: 'x', sinceMs: 0, name: 0 }));
  return {
    name,
    dismissed: false,
    forkedAtMs: 0,
    predecessor: undefined,
    successor: undefined,
    scoreboard: { work: () => ({ active: tasks, done: 0 }) },
    ...given,
  };
}

const namesOf = (children: readonly { readonly name: string }[]): string[] => children.map(({ name }) => name);

describe('the children that are more than wanted', () => {
  it('are those with the fewest active tasks, and of these the youngest', () => {
    const busy = child('busy', { active: 3, forkedAtMs: 9 });
    const old = child('old', { forkedAtMs: 1 });
    const young = child('young', { forkedAtMs: 2 });
    const less = child('less', { active: 1 });
    const all = [busy, old, young, less];
    expect(namesOf(surplusOf(all, 1))).toEqual(['young', 'old', 'less']);
    expect(namesOf(surplusOf(all, 3))).toEqual(['young']);
    expect(surplusOf(all, 4)).toEqual([]);
    expect(surplusOf(all, 9)).toEqual([]);
  });

  it('leave out those that end anyway, and count a successor with the tasks of its predecessor', () => {
    const successor = child('gone');
    const replaced = child('replaced', { active: 5, successor });
    const booting = child('booting', { predecessor: replaced, forkedAtMs: 3 });
    const ending = child('ending', { dismissed: true });
    const busy = child('busy', { active: 2 });
    expect(namesOf(surplusOf([replaced, booting, ending, busy], 1))).toEqual(['busy']);
    expect(namesOf(surplusOf([replaced, booting, ending, busy], 2))).toEqual([]);
  });
});
