import { Module } from '@nestjs/common';
import { ReportsModule } from '../reports/reports.module.js';
import { SearchTasks } from './search.tasks.js';
import { SearchStore } from './search-store.js';
import { SearchesController } from './searches.controller.js';
import { SourceCache } from './source-cache.js';

@Module({
  imports: [ReportsModule],
  controllers: [SearchesController],
  providers: [SearchTasks, SearchStore, SourceCache],
})
export class SearchesModule {}
