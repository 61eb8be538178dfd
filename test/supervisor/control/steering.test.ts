import { Steering } from '../../../src/supervisor/control/steering.js';

type Children = ConstructorParameters<typeof Steering>[0]['children'];
type State = 'running' | 'quiet' | 'stopping';

const BY = { by: 'anna\n', pid: undefined };

function steering(state: State, pids: readonly number[] = []) {
  const done: string[] = [];
  const children = new Set(pids.map((pid) => ({ pid, dismissed: false, successor: undefined }))) as never as Children;
  const steered = new Steering({
    children,
    state: () => state,
    quiet: () => done.push('quiet'),
    stop: (why) => done.push(`stop: ${why}`),
    retire: ({ pid }, why) => done.push(`retire ${pid}: ${why}`),
  });
  return { steered, done };
}

describe('an order to a supervisor', () => {
  it('to quiet or to stop is carried out, also by one that is quiet', () => {
    for (const state of ['running', 'quiet'] as const) {
      const { steered, done } = steering(state);
      expect(steered.obey({ ...BY, action: 'quiet' })).toBeUndefined();
      expect(steered.obey({ ...BY, action: 'stop' })).toBeUndefined();
      expect(done).toEqual(['quiet', 'stop: Stop']);
    }
  });

  it.each(['quiet', 'stop', 'recycle'] as const)('to %s is refused by one that is stopping', (action) => {
    const { steered, done } = steering('stopping', [1]);
    expect(steered.obey({ ...BY, action })).toBe('it is stopping');
    expect(done).toEqual([]);
  });

  it('to recycle is refused by one that is quiet, and for a child that it does not have', () => {
    expect(steering('quiet', [1]).steered.obey({ ...BY, action: 'recycle' })).toContain('it is quiet');
    expect(steering('running', [1]).steered.obey({ ...BY, action: 'recycle', pid: 2 })).toBe('it has no such child');
    expect(steering('running').steered.obey({ ...BY, action: 'recycle' })).toBe('it has no such child');
  });

  it('to recycle names the person who gave it, in one line', () => {
    const { steered, done } = steering('running', [1, 2]);
    expect(steered.obey({ ...BY, action: 'recycle', pid: 2 })).toBeUndefined();
    expect(done).toEqual(['retire 2: anna\\n has ordered it']);
  });
});
