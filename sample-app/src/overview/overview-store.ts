import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { dataDirectory } from '../data-directory.js';
import { replaceFile } from '../reports/write-once.js';

/** The one chart of all reports. */
@Injectable()
export class OverviewStore {
  readonly path = join(dataDirectory(), 'overview.svg');

  replace(chart: string): Promise<void> {
    return replaceFile(this.path, chart);
  }

  /** Undefined when none was drawn yet. */
  find(): Promise<string | undefined> {
    return readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return undefined;
    });
  }
}
