/** How people see one state of a task. */
interface TaskStateSpec {
  /** one character, which differs from those of all other states, so that nobody depends on the colour */
  readonly shape: string;
  /** a name that both `styleText` of Node and CSS have */
  readonly color: 'blue' | 'cyan' | 'gray' | 'green' | 'magenta' | 'red' | 'yellow';
  /** one sentence */
  readonly meaning: string;
}

/**
 * Every state in which people may find a task, by its word: logs, reports, terminals and pages take words, shapes and colours
 * from here. `npm run generate` writes the table of docs/architecture.md from it; this module imports nothing, because the
 * tools read it, too.
 */
export const TASK_STATES = {
  pending: { shape: '○', color: 'blue', meaning: 'It waits in its queue.' },
  scheduled: { shape: '◔', color: 'cyan', meaning: 'It waits for its time, or for its next attempt.' },
  waiting: { shape: '◌', color: 'blue', meaning: 'It waits for other tasks of its flow, and is in no queue.' },
  active: { shape: '●', color: 'yellow', meaning: 'A child holds it, and runs it or starts it within milliseconds.' },
  'held back': {
    shape: '‖',
    color: 'magenta',
    meaning: 'It is pending, but a limit or a pause holds it back.',
  },
  quarantined: {
    shape: '▲',
    color: 'magenta',
    meaning: 'A process died while it ran the task, which runs alone next.',
  },
  dead: { shape: '✗', color: 'red', meaning: 'It ended with an error, and Redis keeps it.' },
  expired: { shape: '◇', color: 'red', meaning: 'It is dead, because no child started it in time.' },
  cancelled: { shape: '⊘', color: 'gray', meaning: '`cancel()` ended it.' },
  dropped: {
    shape: '↓',
    color: 'gray',
    meaning: 'Its error needs no other attempt (`DropTask`, `dropOn`).',
  },
  done: { shape: '✓', color: 'green', meaning: 'Its method returned; Redis keeps of it what it was asked for.' },
  unconfirmed: {
    shape: '?',
    color: 'yellow',
    meaning: 'Redis did not confirm the send; the task may be in its queue.',
  },
} as const satisfies Record<string, TaskStateSpec>;

/** The word for a state. */
export type TaskStateWord = keyof typeof TASK_STATES;

/** The words for some states: the compiler refuses one that the table above does not have. */
export type StateWord<Word extends TaskStateWord> = Word;
