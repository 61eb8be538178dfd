import type { InjectionToken, Type } from '@nestjs/common';
import type { WrittenCron } from '../cron/cron-definition.js';
import type { CronMetadata } from '../cron/cron-metadata.js';
import { NestworkError } from '../errors.js';
import { errorText } from '../values/error-text.js';
import { assertKnownOptions } from '../values/known-options.js';
import { shown } from '../values/shown.js';
import type { CronDecorator } from './cron-decorator-type.js';
import {
  assertCronOptions,
  CLOCK_OPTIONS,
  type CronOptions,
  resolveCronOptions,
  TIMING,
  taskPart,
} from './cron-options.js';
import { timesOf } from './cron-times.js';
import { declareCron } from './declare-cron.js';
import { methodPlace, misused } from './method-place.js';
import type { TaskOptions } from './task.decorator.js';
import type { TaskDecorator } from './task-decorator.js';

/**
 * What a provider says about a cron: its time, and options of `@Cron` that are about times.
 *
 * @example
 * const settings: CronSettings = { cronTime: process.env.DIGEST_AT, disabled: process.env.DIGEST_AT === undefined };
 */
export interface CronSettings extends Omit<CronOptions, 'args' | keyof TaskOptions> {
  /** As in `@Cron()`. Only a cron that is disabled may have none: it is then a task that can be sent. */
  cronTime?: string | Date | undefined;
}

export function cronFrom<Provider extends object, const Args extends readonly unknown[] = []>(
  token: Type<Provider> | InjectionToken<Provider>,
  settings: (provider: Provider) => string | Date | CronSettings,
  options: CronOptions<Args> = {},
): CronDecorator<Args> {
  const decorator: TaskDecorator = (target, property, descriptor: PropertyDescriptor) => {
    const where = `@Cron.from() on ${methodPlace('@Cron.from()', target, property, descriptor)}`;
    if (token === undefined || token === null) {
      // of two files that import each other the second finds the class of the first undefined
      throw misused(where, `got ${token} as provider`, [
        'Give its class or token; of files that import each other move it to a third.',
      ]);
    }
    if (typeof settings !== 'function') {
      throw misused(where, `got ${shown(settings)} instead of a function`, [
        'Give one that returns the time: @Cron.from(Settings, (settings) => settings.digestAt).',
      ]);
    }
    assertCronOptions(options, CLOCK_OPTIONS, where);
    const cron: CronMetadata = {
      decorator: '@Cron.from()',
      token,
      define: (provider, place) => definition(asked(provider as Provider, settings, place), options, place),
    };
    declareCron(cron, taskPart(options), { target, property, descriptor });
  };
  return decorator as CronDecorator<Args>;
}

/** @throws NestworkError INVALID_CRON when the function throws, or returns nothing that is a time */
function asked<Provider>(
  provider: Provider,
  settings: (provider: Provider) => string | Date | CronSettings,
  where: string,
): CronSettings {
  let given: unknown;
  try {
    given = settings(provider);
  } catch (cause) {
    throw new NestworkError(
      'INVALID_CRON',
      `The function of ${where} threw: ${errorText(cause)}`,
      'Mend what it reads.',
      { cause },
    );
  }
  if (typeof given === 'string' || given instanceof Date) return { cronTime: given };
  if (typeof given !== 'object' || given === null || 'then' in given) {
    throw new NestworkError('INVALID_CRON', `The function of ${where} returned ${shown(given)}.`, [
      "Return the time, or an object with it: { cronTime: '0 8 * * *', timeZone: 'UTC' }. It cannot be waited for.",
      'To have no cron return { disabled: true }.',
    ]);
  }
  assertKnownOptions(given, ['cronTime', ...CLOCK_OPTIONS, ...TIMING], `the settings of ${where}`);
  return given;
}

function definition(
  { cronTime, ...settings }: CronSettings,
  options: CronOptions,
  where: string,
): WrittenCron | undefined {
  const all: CronOptions = { ...options, ...settings };
  if (cronTime === undefined && all.disabled === true) return undefined;
  const { timeZone, utcOffset, except, ...rest } = all;
  return resolveCronOptions(timesOf(cronTime, { timeZone, utcOffset, except }, where), rest, where).cron;
}
