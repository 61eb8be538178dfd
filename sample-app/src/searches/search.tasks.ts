import { Injectable, Logger } from '@nestjs/common';
import { Broadcast, DropTask, SoftTimeoutError, Task, TaskContext } from 'nestwork';
import { ReportStore } from '../reports/report-store.js';
import { searchFiles } from './search-files.js';
import { SearchStore } from './search-store.js';
import { SourceCache } from './source-cache.js';

@Injectable()
export class SearchTasks {
  private readonly logger = new Logger(SearchTasks.name);

  constructor(
    private readonly context: TaskContext,
    private readonly reports: ReportStore,
    private readonly searches: SearchStore,
    private readonly sources: SourceCache,
  ) {}

  /**
   * Searches the files of a report for a regular expression from a client. Its soft timeout is a second:
   * then it keeps the lines found so far. And an expression can block its process for years, where no signal arrives:
   * after another second the process is ended. The last 20 that end well are kept, so that people find them.
   */
  @Task({ queue: 'bulk', softTimeout: '1s', hardTimeout: '2s', keepDone: 20 })
  async search(reportId: string, pattern: string): Promise<void> {
    const report = await this.reports.report(reportId);
    const plan = await this.reports.plan(reportId);
    if (!report || !plan) throw new DropTask(`report ${reportId} is gone`);
    const { id, signal } = this.context;
    const search = { directory: report.directory, paths: plan.batches.flat(), pattern };
    // shown by `npx nestwork tasks show` while it runs, and when it is dead
    this.context.log(`searches ${search.paths.length} files for ${pattern}`);
    let files = 0;
    const read = (path: string): Promise<string | undefined> => {
      this.context.progress(files / search.paths.length, path);
      files += 1;
      return this.sources.read(path);
    };
    const findings = await searchFiles(search, read, signal);
    // its signal aborted for another reason: a worker that stops gives it back, and another one can finish it
    if (signal.aborted && !(signal.reason instanceof SoftTimeoutError)) throw signal.reason;
    await this.searches.save(id, findings);
  }

  /** Each child has a cache of its own, so this has to run in every one of them. */
  @Broadcast()
  forgetSources(): void {
    this.logger.log(`Forgot ${this.sources.clear()} files`);
  }
}
