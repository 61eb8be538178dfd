import { addCronMetadata, type CronMetadata, cronMetadataOf } from '../cron/cron-metadata.js';
import { encodePayload } from '../payload/payload.js';
import { shown } from '../values/shown.js';
import { methodPlace, misused } from './method-place.js';
import { type DecoratedPlace, declareTask, type TaskOptions } from './task.decorator.js';

/**
 * Makes a method a task that is run by itself, or gives it one more schedule.
 *
 * @throws NestworkError INVALID_OPTION, INVALID_NAME, INVALID_DURATION; UNSERIALIZABLE_ARGUMENT, PAYLOAD_TOO_LARGE, PAYLOAD_TOO_DEEP
 */
export function declareCron(
  cron: CronMetadata,
  options: TaskOptions & { readonly args?: unknown },
  place: DecoratedPlace,
): void {
  const { args, ...task } = options;
  const { name } = task;
  const where = `${cron.decorator} on ${methodPlace(cron.decorator, place.target, place.property, place.descriptor)}`;
  const method = place.descriptor?.value;
  declareTask(cron.decorator, task, place);
  assertNamed(name, method, where);
  addCronMetadata(method, { ...cron, name, args: argsOf(args, where) });
}

/** Deployments, people and histories know a cron by its name. */
function assertNamed(name: string | undefined, method: unknown, where: string): void {
  const others = cronMetadataOf(method);
  if (others.every((other) => other.name !== name)) return;
  throw name === undefined
    ? misused(where, 'is the second schedule of its method without a name', [
        'Give each its own, which deployments keep: { name: "reports.eu" }.',
      ])
    : misused(where, `is the second schedule of its method with the name ${shown(name)}`, ['Give each its own.']);
}

/** Arguments that can be carried; undefined for none. */
export function argsOf(args: unknown, where: string): readonly unknown[] | undefined {
  if (args === undefined) return undefined;
  if (!Array.isArray(args)) {
    throw misused(where, `has ${shown(args)} as \`args\``, ["Give a list: { args: ['eu'] }."]);
  }
  encodePayload(args, `\`args\` of ${where}`);
  return args.length > 0 ? [...args] : undefined;
}
