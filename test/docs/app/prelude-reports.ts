/** The names that `<!-- prelude: reports -->` adds to the prelude of every fragment. */
import type { TaskSenders } from 'nestwork';
import type { ReportTasks } from './report.tasks.js';

export declare const reports: TaskSenders<ReportTasks>;
