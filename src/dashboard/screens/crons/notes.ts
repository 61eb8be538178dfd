import type { CronInfo } from '../../../inspector/cron-info.js';
import type { CronDeclarer } from '../../../inspector/cron-manager.js';
import type { CronNote } from './wire.js';

/** Why a cron is not fired, or not as one would think. */
export function notesOn(
  { paused, declared, disabled, unreadable, set, task, queue }: CronInfo,
  declarers: readonly CronDeclarer[],
): CronNote[] {
  const notes: CronNote[] = [];
  if (paused)
    notes.push({
      glyph: 'held',
      text: 'No worker fires it until it is resumed, and times that come due are not made up for.',
    });
  if (!declared && set)
    notes.push({
      glyph: 'cancelled',
      title: 'It is orphaned, so it is not fired.',
      text: `No live worker has the task ${task} and serves ${queue}. Start one that does, set the cron to another task, or remove it.`,
    });
  else if (!declared)
    notes.push({
      glyph: 'cancelled',
      title: 'No worker declares it, so it is not fired.',
      text: 'Start a worker of its app. After a day without one it is forgotten.',
    });
  else if (disabled)
    notes.push({
      glyph: 'cancelled',
      title: 'It is not fired by itself.',
      text: 'All workers that declare it have it disabled.',
    });
  if (declarers.some(({ differs }) => differs !== undefined))
    notes.push({
      glyph: 'held',
      title: 'Workers declare it differently.',
      text: 'Each fires it as it declares it: too often, unless a deploy is under way. If it is not, give all the same timeZone, or each its own name.',
    });
  if (unreadable !== undefined)
    notes.push({
      glyph: 'held',
      title: 'The process of this dashboard cannot compute its times.',
      text: `${unreadable} Its workers fire it all the same. Give this process their version of Node and of nestwork.`,
    });
  return notes;
}
