import { MOST_CHILDREN } from '../options/children-range.js';
import type { WorkerOptions } from '../options/options.js';
import { type CommandContext, command, type OptionSpec } from '../terminal/command.js';
import { duration, list, text, whole } from '../terminal/usage.js';

const MOST_TASKS = 1_000_000_000;

/** A number, or a range that follows the backlog: `2-8`. */
const CHILDREN: OptionSpec<number | { readonly min: number; readonly max: number }> = {
  value: '<count>',
  summary: 'forked processes (the number of cores), or a range that follows the backlog: 2-8',
  read: (given, option) => {
    const count = whole('', '', 1, MOST_CHILDREN);
    const [, min, max] = /^(\d+)-(\d+)$/.exec(given) ?? [];
    if (min === undefined || max === undefined) return count.read(given, option);
    return { min: count.read(min, option), max: count.read(max, option) };
  },
};

/** `nestwork worker`. It alone loads Nest, and only when it runs. */
export const workerCommand = command({
  name: 'worker',
  summary: 'run a worker for the root module that a built file exports',
  arguments: { file: { summary: 'the JavaScript file, such as dist/app.module.js', completes: 'files' } },
  options: {
    export: text('<name>', 'name of the export: by default `default`, AppModule or the only module'),
    children: CHILDREN,
    concurrency: whole('<count>', 'tasks that one child runs at the same time (1)', 1, MOST_TASKS),
    queues: list('<names>', 'serve only these queues (all)'),
    excludeQueues: list('<names>', 'serve all queues but these'),
    maxTasksPerChild: whole('<count>', 'tasks after which a child is replaced', 1, MOST_TASKS),
    maxMemoryPercent: whole('<percent>', 'of the memory that all children may take, 1 to 100', 1, 100),
    maxMemoryPerChild: text('<size>', 'memory beyond which a child is replaced, such as 300MB'),
    bootTimeout: duration('<time>', 'how long a child may take to boot'),
    shutdownGrace: duration('<time>', 'how long tasks may take to finish after SIGTERM (25s)'),
    cancelGrace: duration('<time>', 'how long a cancelled task may run on (5s)'),
    lease: duration('<time>', 'time after which the tasks of a dead machine go to others (30s)'),
  },
  takesGlobalOptions: false,
  run: async (context: CommandContext, { file }, { export: name, ...options }) => {
    context.outliveReader();
    const { runWorkerFile } = await import('./worker-file.js');
    // a size is checked with the other options
    await runWorkerFile(file, name, options as WorkerOptions);
    return undefined;
  },
});
