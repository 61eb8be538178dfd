import { Controller, Delete, Get, HttpCode, HttpStatus, NotFoundException, Param, Post } from '@nestjs/common';
import { QueueClient, type TaskHandle } from 'nestwork';
import { RawText } from '../http/request-body.decorator.js';
import { TextPipe } from '../http/text.pipe.js';
import { FinishedReportPipe } from '../reports/finished-report.pipe.js';
import type { Report } from '../reports/report.js';
import { SearchTasks } from './search.tasks.js';
import type { Findings } from './search-files.js';
import { SearchStore } from './search-store.js';

const PATTERN = new TextPipe('pattern', 'a regular expression of 1 to 200 characters', isPattern);

@Controller()
export class SearchesController {
  constructor(
    private readonly queue: QueueClient,
    private readonly searches: SearchStore,
  ) {}

  /** The search has the id of its task. */
  @Post('reports/:id/searches')
  @HttpCode(HttpStatus.ACCEPTED)
  create(@Param('id', FinishedReportPipe) { id }: Report, @RawText(PATTERN) pattern: string): Promise<TaskHandle> {
    return this.queue.of(SearchTasks).search.delay(id, pattern);
  }

  /** For when the files have changed: every child of every worker clears its cache. */
  @Delete('searches/cache')
  @HttpCode(HttpStatus.ACCEPTED)
  forget(): Promise<TaskHandle> {
    return this.queue.of(SearchTasks).forgetSources.delay();
  }

  @Get('searches/:id')
  async find(@Param('id') id: string): Promise<Findings> {
    const findings = await this.searches.find(id);
    if (findings) return findings;
    throw new NotFoundException(`Search ${JSON.stringify(id)} has found nothing yet; GET /tasks/:id has its state.`);
  }
}

function isPattern(text: string): boolean {
  if (text === '' || text.length > 200) return false;
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
