import type { CheckupPort } from '../../broker/port/checkup-port.js';
import { NestworkError } from '../../errors.js';
import { surveyKeys } from '../doctor/key-survey.js';

/** Nobody waits for a scan of a large database. */
const WITHIN_MS = 2_000;

/** The queues in which tasks wait, by their keys, as far as a scan finds them in time. */
export async function queuesWithTasks(checkup: Pick<CheckupPort, 'size' | 'scan'>): Promise<readonly string[]> {
  try {
    return (await surveyKeys(checkup, WITHIN_MS)).queues;
  } catch (error) {
    // a user who may not scan finds none
    if (error instanceof NestworkError && error.code === 'REDIS_FORBIDDEN') return [];
    throw error;
  }
}
