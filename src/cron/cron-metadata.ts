import 'reflect-metadata';
import type { CronDefinition } from './cron-definition.js';

/** A fixed string, so that two copies of the package in one app see each other's decorators. */
const CRON_METADATA = 'nestwork:cron';

/** What `@Cron` or `@Interval` writes onto a method, beside what makes it a task. */
export type CronMetadata = LiteralCron | ConfiguredCron;

interface LiteralCron extends CronDefinition {
  readonly decorator: '@Cron()' | '@Interval()';
}

/** A cron whose schedule a provider of the app knows. */
export interface ConfiguredCron {
  readonly decorator: '@Cron.from()';
  /** of the provider that knows it */
  readonly token: unknown;
  /** Asks the provider, when the app starts. Undefined for a cron that is disabled, and has no time. */
  define(provider: unknown, where: string): CronDefinition | undefined;
}

export function setCronMetadata(method: object, metadata: CronMetadata): void {
  Reflect.defineMetadata(CRON_METADATA, metadata, method);
}

export function cronMetadataOf(method: unknown): CronMetadata | undefined {
  return typeof method === 'function' ? Reflect.getOwnMetadata(CRON_METADATA, method) : undefined;
}
