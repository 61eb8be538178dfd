import { NestworkError } from '../errors.js';

/** The reason of a signal that aborts when a worker, or the app around it, can wait no longer. */
export function shutdownError(): NestworkError {
  return new NestworkError(
    'SHUTDOWN',
    'The worker is stopping and its grace is over; the task will run again elsewhere.',
    'Give `shutdownGrace` a longer time, or let the task end when its signal aborts.',
  );
}
