import type { Outbox } from '../outbox/outbox.js';
import type { OutboxAsideRow, OutboxQueueCounts } from '../outbox/outbox-rows.js';
import { type Command, type CommandContext, command } from '../terminal/command.js';
import { EXIT, exitCodeOf } from '../terminal/exit-code.js';
import { timeSpan } from '../terminal/table.js';
import { flag, text, usageError, whole } from '../terminal/usage.js';
import { counted } from '../values/counted.js';

/** A pool that an app leaves open keeps the process after an error for no longer. */
const LONGEST_END_MS = 500;

const FILE = {
  file: { summary: 'the JavaScript file of the root module, such as dist/app.module.js', completes: 'files' },
} as const;
const EXPORT = text('<name>', 'name of the export: by default `default`, AppModule or the only module');

const QUEUES = [
  { title: 'QUEUE', of: ({ queue }: OutboxQueueCounts) => queue },
  { title: 'WAITING', of: ({ waiting }: OutboxQueueCounts) => waiting, align: 'right' as const },
  { title: 'OLDEST', of: ({ waiting, oldestMs }: OutboxQueueCounts) => (waiting > 0 ? timeSpan(oldestMs) : undefined) },
  { title: 'ASIDE', of: ({ putAside }: OutboxQueueCounts) => putAside, align: 'right' as const },
];

const ROWS = [
  { title: 'ID', of: ({ id }: OutboxAsideRow) => id },
  { title: 'TASK', of: ({ taskId }: OutboxAsideRow) => taskId },
  { title: 'QUEUE', of: ({ queue }: OutboxAsideRow) => queue, shrinks: true as const },
  { title: 'SENT', of: ({ createdAt }: OutboxAsideRow) => createdAt, dispensable: 1 },
  { title: 'ASIDE', of: ({ putAsideAt }: OutboxAsideRow) => putAsideAt },
  { title: 'REASON', of: ({ reason }: OutboxAsideRow) => reason, shrinks: 20, lines: 3 },
];

/** The commands that start the app, because it alone knows its database. They load Nest and the app, and only when they run. */
export const outboxAppCommands: readonly Command<CommandContext>[] = [
  command({
    name: 'ls',
    summary: 'count the rows of the outbox of an app by queue, or list those that were put aside',
    arguments: FILE,
    options: {
      aside: flag('list the rows that were put aside, with the reasons'),
      limit: whole('<count>', 'with --aside: at most so many (100)', 1, 10_000),
      export: EXPORT,
    },
    takesGlobalOptions: 'json',
    run: async ({ out }: CommandContext, { file }, { aside, limit, export: name }) => {
      if (limit !== undefined && !aside)
        throw usageError('--limit is for --aside.', 'Add --aside, or leave --limit out.');
      return looked({ file, export: name }, 'outbox ls', async (outbox) => {
        if (aside) out.table(await outbox.aside(limit === undefined ? {} : { limit }), ROWS, 'No row was put aside.');
        else out.table(await outbox.counts(), QUEUES, 'No row waits in the outbox, and none was put aside.');
      });
    },
  }),
  command({
    name: 'retry',
    summary: 'let rows be tried again that were put aside: some, or all',
    arguments: { ...FILE, ids: { summary: 'ids of rows, as outbox ls --aside lists them: 7,8', optional: true } },
    options: { all: flag('all that were put aside'), export: EXPORT },
    takesGlobalOptions: 'json',
    run: async ({ out }: CommandContext, { file, ids }, { all, export: name }) => {
      if ((ids === undefined) === (all === undefined)) {
        throw usageError(
          'It is not clear which rows are meant.',
          'Give ids of rows, as outbox ls <file> --aside lists them, or --all.',
        );
      }
      const wanted = ids?.split(',').filter((id) => id !== '');
      const wrong = wanted?.find((id) => !/^\d{1,19}$/.test(id));
      if (wrong !== undefined) throw usageError(`"${wrong}" is no id of a row.`, 'Give whole numbers: 7,8.');
      return looked({ file, export: name }, 'outbox retry', async (outbox) => {
        const retried = await outbox.retry(wanted ?? 'all');
        const others = (wanted ?? []).filter((id) => !retried.includes(id));
        out.record({ retried, notAside: others }, () =>
          [
            retried.length > 0 ? `The relay tries ${counted(retried.length, 'row')} again.` : 'No row is tried again.',
            ...(others.length > 0 ? [`These ids are of no row that was put aside: ${others.join(', ')}.`] : []),
          ].join('\n'),
        );
      });
    },
  }),
  command({
    name: 'relay',
    summary: 'run a process that does nothing but relay, for an app with an outbox',
    arguments: FILE,
    options: { export: EXPORT },
    takesGlobalOptions: false,
    run: async (context: CommandContext, { file }, { export: name }) => {
      context.outliveReader();
      const { startOutboxApp } = await import('./outbox-app.js');
      const { app, outbox } = await startOutboxApp({ file, export: name }, 'outbox relay', 'relay');
      // refuses an app without one
      await outbox.aside({ limit: 1 }).catch(async (error: unknown) => {
        if (!isNotConfigured(error)) return;
        await app.close();
        throw error;
      });
      app.enableShutdownHooks();
      // a signal ends it, through the hooks of the app
      return new Promise<never>(() => {});
    },
  }),
];

/** Looks at the outbox of an app, and ends the process: pools that the app leaves open would keep it. */
async function looked(
  given: { readonly file: string; readonly export: string | undefined },
  command: string,
  look: (outbox: Outbox) => Promise<void>,
): Promise<never> {
  const { startOutboxApp } = await import('./outbox-app.js');
  try {
    const { app, outbox } = await startOutboxApp(given, command, 'look');
    await look(outbox).finally(() => app.close());
  } catch (error) {
    // the command line writes it meanwhile
    setTimeout(() => process.exit(exitCodeOf(error)), LONGEST_END_MS).unref();
    throw error;
  }
  await new Promise((resolve) => process.stdout.write('', resolve));
  process.exit(EXIT.done);
}

function isNotConfigured(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'OUTBOX_NOT_CONFIGURED';
}
