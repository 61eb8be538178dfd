import { styleText } from 'node:util';
import { TASK_STATES, type TaskStateWord } from '../../src/task/task-states.js';

const STATES = Object.entries(TASK_STATES);
/** Names of colours that CSS has; terminals have more. */
const CSS = ['blue', 'cyan', 'gray', 'green', 'magenta', 'red', 'yellow'];

describe('the states of a task', () => {
  it('have shapes of one character that no other state has', () => {
    const shapes = STATES.map(([, { shape }]) => shape);
    expect(new Set(shapes).size).toBe(shapes.length);
    // a pictograph is two columns wide in a terminal, and has colours of its own
    for (const shape of shapes) expect(shape).toMatch(/^(?!\p{Emoji_Presentation})[\u0020-\uffff]$/u);
  });

  it.each(STATES)('have colours that terminals and pages know: %s', (_, { color, shape }) => {
    expect(CSS).toContain(color);
    expect(styleText(color, shape, { validateStream: false })).toContain(shape);
  });

  it.each(STATES)('have a meaning of one sentence: %s', (_, { meaning }) => {
    expect(meaning).toMatch(/^[`A-Z][^.]*\.$/);
  });

  it('are all that the project knows', () => {
    const words: TaskStateWord[] = [
      ...(['pending', 'scheduled', 'waiting', 'active', 'held back', 'quarantined', 'dead'] as const),
      ...(['expired', 'cancelled', 'dropped', 'done', 'unconfirmed'] as const),
    ];
    expect(Object.keys(TASK_STATES)).toEqual(words);
  });
});
