import { SCOREBOARD_FD } from '../ipc/scoreboard-layout.js';
import { type UncaughtError, UncaughtErrorWriter } from '../ipc/uncaught-error.js';
import { isError, readText } from '../values/thrown.js';
import { describeError } from './describe-error.js';
import { runningTask } from './task-context.js';

/** An app that catches uncaught errors itself, to report them, has ended its process by then or lives on, in ms. */
const LIVES_ON_MS = 5_000;
/** Of a class, and no sentence. */
const NAME = /^[\w.$:-]{1,100}$/;

/**
 * Writes an uncaught error, or a rejection that nobody handles, where the supervisor reads it. The supervisor logs it: the exit
 * code alone says too little. The process ends as it would without this.
 *
 * @param isSealing whether the data of tasks may be sealed here, if it is not known which task has thrown an error
 */
export function noteUncaughtErrors(
  words: Pick<UncaughtErrorWriter, 'write' | 'withdraw'> = new UncaughtErrorWriter(SCOREBOARD_FD),
  isSealing: () => boolean = () => false,
): void {
  let withdrawal: NodeJS.Timeout | undefined;
  let writtenAtMs: number | undefined;
  const withdraw = (): void => attempt(() => words.withdraw());
  process.on('uncaughtExceptionMonitor', (error) => {
    clearTimeout(withdrawal);
    // an error in here would take the place of the one that people are to see
    attempt(() => words.write(uncaughtError(error, isSealing)));
    writtenAtMs = performance.now();
    withdrawal = setTimeout(withdraw, LIVES_ON_MS).unref();
  });
  // a process that blocks does not come to its timers
  process.on('exit', () => {
    if (writtenAtMs !== undefined && performance.now() - writtenAtMs >= LIVES_ON_MS) withdraw();
  });
}

function uncaughtError(thrown: unknown, isSealing: () => boolean): UncaughtError {
  const { error, stack } = describeError(thrown);
  const task = runningTask.getStore();
  const withheld = (task ? task.sealed : isSealing()) ? kindOf(thrown) : undefined;
  return { error, stack, withheld, task: task && { id: task.id, name: task.name } };
}

/** The `name` of a value that is no error may be that of a person. */
function kindOf(thrown: unknown): string {
  const name = isError(thrown) ? readText(thrown, 'name') : undefined;
  return name !== undefined && NAME.test(name) ? name : 'error';
}

function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // no memory, most likely: the exit code has to do
  }
}
