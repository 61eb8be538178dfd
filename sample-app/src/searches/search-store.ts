import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { dataDirectory } from '../data-directory.js';
import { writeOnce } from '../reports/write-once.js';
import type { Findings } from './search-files.js';

/** The results of searches, a file for each, by the id of its task. */
@Injectable()
export class SearchStore {
  private readonly root = join(dataDirectory(), 'searches');

  save(taskId: string, findings: Findings): Promise<void> {
    return writeOnce(this.pathOf(taskId), JSON.stringify(findings));
  }

  /** Undefined when there is nothing, for any form of the id. */
  async find(taskId: string): Promise<Findings | undefined> {
    if (!/^[0-9a-z]{20}$/.test(taskId)) return undefined;
    const content = await readFile(this.pathOf(taskId), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    return content === undefined ? undefined : (JSON.parse(content) as Findings);
  }

  private pathOf(taskId: string): string {
    return join(this.root, `${taskId}.json`);
  }
}
