import 'reflect-metadata';
import type { WrittenCron } from './cron-definition.js';

/** A fixed string, so that two copies of the package in one app see each other's decorators. */
const CRON_METADATA = 'nestwork:cron';

/** What `@Cron` or `@Interval` writes onto a method, beside what makes it a task. */
export type CronMetadata = (LiteralCron | ConfiguredCron) & CronCall;

/** A cron under its name. */
interface CronCall {
  /** as it was given; that of the task by default */
  readonly name?: string | undefined;
  /** the arguments of its runs; none by default */
  readonly args?: readonly unknown[] | undefined;
}

interface LiteralCron extends WrittenCron {
  readonly decorator: '@Cron()' | '@Interval()' | '@Timeout()';
}

/** A cron whose schedule a provider of the app knows. */
interface ConfiguredCron {
  readonly decorator: '@Cron.from()';
  /** of the provider that knows it */
  readonly token: unknown;
  /** Asks the provider, when the app starts. Undefined for a cron that is disabled, and has no time. */
  define(provider: unknown, where: string): WrittenCron | undefined;
}

/** Decorators run from the last one up; the crons of a method are in the order in which they stand. */
export function addCronMetadata(method: object, metadata: CronMetadata): void {
  Reflect.defineMetadata(CRON_METADATA, [metadata, ...cronMetadataOf(method)], method);
}

/** None for a method that is no cron. */
export function cronMetadataOf(method: unknown): readonly CronMetadata[] {
  if (typeof method !== 'function') return [];
  // an older copy of the package writes a single one
  return [Reflect.getOwnMetadata(CRON_METADATA, method) ?? []].flat();
}
