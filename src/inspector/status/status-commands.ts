import { type CommandGroup, command, type OptionSpec } from '../../terminal/command.js';
import { EXIT } from '../../terminal/exit-code.js';
import { duration, usageError, whole } from '../../terminal/usage.js';
import type { InspectorContext } from '../inspector-context.js';
import type { StatusOptions, StatusReport } from './status-report.js';

const DEFAULT_SECONDS = 2;
const MOST_SECONDS = 3_600;
const MOST_DEAD = 1_000_000_000;

const LIMITS = {
  maxWait: duration('<time>', 'a task that waits longer is a problem (1m)'),
  maxDead: whole('<count>', 'more tasks that died within the last hour are a problem (0)', 0, MOST_DEAD),
};

/** `true` for the option without a number. */
const SECONDS: OptionSpec<number | true> = whole(
  '[seconds]',
  'show it again every so many seconds (2)',
  1,
  MOST_SECONDS,
);

interface GivenLimits {
  readonly maxWait?: `${number}ms`;
  readonly maxDead?: number;
}

/** The commands that look at everything. */
export const statusCommands: CommandGroup<InspectorContext> = {
  name: '',
  summary: '',
  commands: [
    command({
      name: 'status',
      summary: 'say whether all is well, with queues, workers and the last hour',
      options: { watch: SECONDS, ...LIMITS },
      run: async (context: InspectorContext, _, { watch, ...limits }) => {
        const inspector = await context.inspector();
        const read = (): Promise<StatusReport> => inspector.status(limitsOf(limits));
        if (watch !== undefined) {
          const { watchStatus } = await import('./watch-status.js');
          await watchStatus(context, read, (watch === true ? DEFAULT_SECONDS : watch) * 1_000);
          return undefined;
        }
        const report = await read();
        const { showStatus } = await import('./show-status.js');
        showStatus(report, context);
        return report.healthy ? undefined : EXIT.findings;
      },
    }),
    command({
      name: 'top',
      summary: 'watch queues, workers and active tasks on a live screen',
      options: LIMITS,
      run: async (context: InspectorContext, _, limits) => {
        assertScreen(context);
        const inspector = await context.inspector();
        const { runTop } = await import('./run-top.js');
        await runTop(context, async () => {
          // workers publish what they run more often while somebody looks
          await inspector.workers.watch();
          return inspector.status(limitsOf(limits));
        });
        return undefined;
      },
    }),
  ],
};

/** @throws NestworkError INVALID_USAGE */
function assertScreen({ out }: InspectorContext): void {
  if (out.isTerminal) return;
  const remedy = 'Use status --watch, which also writes into a pipe, and JSON with --json.';
  throw usageError(out.isJson ? 'top draws a screen, and writes no JSON.' : 'top needs a terminal on stdout.', remedy);
}

function limitsOf({ maxWait, maxDead }: GivenLimits): StatusOptions {
  return { ...(maxWait !== undefined && { maxWait }), ...(maxDead !== undefined && { maxDead }) };
}
