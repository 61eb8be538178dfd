import type { NamedCron, WrittenCron } from '../cron/cron-definition.js';
import type { CronMetadata } from '../cron/cron-metadata.js';
import { instantsOf } from '../cron/cron-schedule.js';
import { type CronSelection, isSelected, unknownNames } from '../cron/cron-selection.js';
import { scheduleFor } from '../cron/named-schedule.js';
import { NestworkError } from '../errors.js';
import { encodePayload } from '../payload/payload.js';
import type { ResolvedPayload } from '../payload/payload-options.js';
import { startTags } from '../policy/start-tags.js';
import type { TaskDefinition } from '../task/task-definition.js';
import { didYouMean } from '../values/did-you-mean.js';
import type { CronSettingsProviders } from './cron-settings.js';

/** What decides about the crons of an app. */
export interface CronHome {
  /** which of them this process fires */
  readonly selection: CronSelection;
  /** the release of the app, for crons that heed it */
  readonly release: () => string;
  /** those that know the times of some */
  readonly settings: CronSettingsProviders;
  /** how arguments lie in Redis */
  readonly payload: ResolvedPayload;
}

/** The crons of a task, completed and checked: their decorators do not have the module. None for most tasks. */
export function cronsOf(
  given: readonly CronMetadata[],
  task: Pick<TaskDefinition, 'name' | 'where' | 'start' | 'sealed'>,
  { selection, settings, release, payload }: CronHome,
): NamedCron[] {
  return given.flatMap((metadata): NamedCron[] => {
    const { name = task.name, args = [] } = metadata;
    const written = definitionOf(metadata, name, task.where, settings);
    if (!written) return [];
    const { atRelease, ...definition } = written;
    // the arguments are always the same, and so are the keys of limits
    const start = startTags(task.start, {}, { task: task.name, args });
    return [
      {
        ...definition,
        ...(atRelease && { atRelease: { ...atRelease, release: release() } }),
        name,
        disabled: definition.disabled || !isSelected(selection, name),
        ...(args.length > 0 && {
          payload: payload.codec.encodeRepeatedly(encodePayload(args), task.name, task.sealed === true),
        }),
        ...(start && { start }),
      },
    ];
  });
}

function definitionOf(
  { name: _, args: __, decorator, ...given }: CronMetadata,
  name: string,
  where: string,
  settings: CronSettingsProviders,
): WrittenCron | undefined {
  const place = `${decorator} on ${where}`;
  const cron = 'define' in given ? given.define(settings.find(given.token, place), place) : given;
  if (!cron) return undefined;
  const schedule = scheduleFor(name, cron.schedule);
  instantsOf(schedule, place);
  return { ...cron, schedule };
}

/**
 * @throws NestworkError DUPLICATE_CRON; INVALID_OPTION for a selection that names a cron which the app does not have: a misspelt name would
 * leave one out, or in, without a word
 */
export function assertCrons(tasks: readonly TaskDefinition[], selection: CronSelection): void {
  const owners = new Map<string, TaskDefinition>();
  for (const task of tasks) {
    for (const { name } of task.crons ?? []) {
      const other = owners.get(name);
      // one without a name has that of its task; two tasks of one name are refused as such
      if (other === task || (other && other.name !== task.name)) throw duplicate(name, other.where, task.where);
      owners.set(name, task);
    }
  }
  const names = [...owners.keys()];
  const [unknown] = unknownNames(selection, names);
  if (unknown === undefined) return;
  const near = didYouMean(unknown, names);
  throw new NestworkError(
    'INVALID_OPTION',
    `The option \`crons\` of TaskQueueModule names "${unknown}", and no cron of this app has that name.`,
    [near === undefined ? 'Give names of crons, or patterns like "ReportTasks.*".' : `Did you mean "${near}"?`],
  );
}

function duplicate(name: string, first: string, second: string): NestworkError {
  return new NestworkError('DUPLICATE_CRON', `Two crons are named "${name}": on ${first} and on ${second}.`, [
    'Give one of them another name: @Cron(cronTime, { name }).',
    'A base class whose methods have several schedules names them for each subclass alike: declare them in the subclasses.',
  ]);
}
