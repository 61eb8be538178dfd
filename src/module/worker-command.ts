import type { WorkerOptions } from '../options/options.js';
import { type CommandContext, command } from '../terminal/command.js';
import { duration, list, text, whole } from '../terminal/usage.js';

const MOST_PROCESSES = 1_000;
const MOST_TASKS = 1_000_000_000;

/** `nestwork worker`. It alone loads Nest, and only when it runs. */
export const workerCommand = command({
  name: 'worker',
  summary: 'run a worker for the root module that a built file exports',
  arguments: { file: { summary: 'the JavaScript file, such as dist/app.module.js', completes: 'files' } },
  options: {
    export: text('<name>', 'name of the export: by default `default`, AppModule or the only module'),
    children: whole('<count>', 'forked processes (the number of cores)', 1, MOST_PROCESSES),
    concurrency: whole('<count>', 'tasks that one child runs at the same time (1)', 1, MOST_TASKS),
    queues: list('<names>', 'serve only these queues (all)'),
    excludeQueues: list('<names>', 'serve all queues but these'),
    maxTasksPerChild: whole('<count>', 'tasks after which a child is replaced', 1, MOST_TASKS),
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
