import { Injectable, type InjectionToken } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { NestworkError } from '../errors.js';
import { errorText } from '../values/error-text.js';
import { shown } from '../values/shown.js';

/** Finds the providers that know the times of crons. */
@Injectable()
export class CronSettingsProviders {
  constructor(private readonly moduleRef: ModuleRef) {}

  /** @throws NestworkError INVALID_CRON for one that the app does not have, or that is made for each request */
  find(token: unknown, where: string): unknown {
    try {
      return this.moduleRef.get(token as InjectionToken, { strict: false });
    } catch (cause) {
      const name = typeof token === 'function' ? token.name : shown(token);
      throw new NestworkError(
        'INVALID_CRON',
        `${where} asks ${name}, which cannot be had: ${errorText(cause)}`,
        [
          `List ${name} among the \`providers\` of a module of the app.`,
          'Give it the default scope: a cron has no request.',
        ],
        { cause },
      );
    }
  }
}
