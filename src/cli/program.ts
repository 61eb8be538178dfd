import { Command as Program } from 'commander';
import { dashboardCommand } from '../dashboard/standalone/dashboard-command.js';
import { actionCommands } from '../inspector/actions/action-commands.js';
import { cronCommands } from '../inspector/cron-commands.js';
import { deadCommands } from '../inspector/dead-commands.js';
import { doctorCommand } from '../inspector/doctor/doctor-command.js';
import { batchCommands, flowCommands } from '../inspector/groups/group-commands.js';
import { inboxCommands } from '../inspector/inbox/inbox-commands.js';
import type { InspectorContext } from '../inspector/inspector-context.js';
import { limitCommands } from '../inspector/limits/limit-commands.js';
import { outboxCommands } from '../inspector/outbox/outbox-commands.js';
import { queueCommands } from '../inspector/queues/queue-commands.js';
import { statusCommands } from '../inspector/status/status-commands.js';
import { taskCommands } from '../inspector/tasks/task-commands.js';
import { workerCommands } from '../inspector/workers/worker-commands.js';
import { outboxAppCommands } from '../module/outbox-commands.js';
import { workerCommand } from '../module/worker-command.js';
import type { ArgumentSpec, Command, CommandGroup, OptionSpec } from '../terminal/command.js';
import { longOf } from './completion/complete.js';
import { completionCommand } from './completion/completion-command.js';
import type { GivenPlace } from './settings.js';

/** Every command there is; each room brings its own. */
export const GROUPS: readonly CommandGroup<InspectorContext>[] = [
  statusCommands,
  queueCommands,
  taskCommands,
  deadCommands,
  batchCommands,
  flowCommands,
  limitCommands,
  cronCommands,
  workerCommands,
  { ...outboxCommands, commands: [...outboxCommands.commands, ...outboxAppCommands] },
  inboxCommands,
  actionCommands,
  { name: '', summary: '', commands: [doctorCommand, dashboardCommand, workerCommand, completionCommand] },
];

/** The options of every command. */
export interface GlobalOptions extends GivenPlace {
  readonly json?: boolean;
  readonly by?: string;
}

type Run = (
  command: Command<InspectorContext>,
  given: Parameters<Command['run']>[1],
  options: Parameters<Command['run']>[2] & GlobalOptions,
) => Promise<void>;

/** The command line: arguments, options and help of all groups. It throws CommanderError in place of ending the process. */
export function programOf(version: string, run: Run): Program {
  const program = new Program('nestwork')
    .description('Look at the tasks of a namespace, and act on them.')
    .version(version)
    .option('--redis <url>', 'where Redis is (NESTWORK_REDIS_URL, or redis://127.0.0.1:6379)')
    .option('--namespace <name>', 'prefix of the keys (NESTWORK_NAMESPACE, or nestwork)')
    .option('--config <file>', 'settings in JSON (nestwork.config.json, if it is there)')
    .option('--json', 'write JSON, one line for each thing')
    .option('--by <name>', 'name of the person or program that acts (user@host); actions ls: whose actions')
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('Add --help to see what there is.')
    .configureHelp({ showGlobalOptions: true });
  for (const group of GROUPS) {
    const parent = group.name === '' ? program : program.command(group.name).description(group.summary);
    for (const command of group.commands) register(parent, command, run);
  }
  return program;
}

function register(parent: Program, command: Command<InspectorContext>, run: Run): void {
  const sub = parent.command(command.name).description(command.summary);
  const names = Object.keys(command.arguments);
  for (const [name, spec] of Object.entries(command.arguments)) sub.argument(placeholder(name, spec), spec.summary);
  for (const [name, spec] of Object.entries(command.options)) addOption(sub, name, spec);
  if (command.destructive) {
    sub
      .option('-y, --yes', 'do it without a question')
      .option('--dry-run', 'show what it would do, and change nothing');
  }
  sub.action(async (...all: unknown[]) => {
    const given = Object.fromEntries(names.map((name, at) => [name, all[at] as string | undefined]));
    await run(command, given, sub.optsWithGlobals());
  });
}

function addOption(program: Program, name: string, spec: OptionSpec<unknown>): void {
  const long = longOf(name);
  if (spec.value === undefined) {
    program.option(long, spec.summary);
    return;
  }
  const choices = spec.choices ? ` (${spec.choices.join(', ')})` : '';
  program.option<unknown>(`${long} ${spec.value}`, `${spec.summary}${choices}`, (text, before) => {
    const joined = spec.several && Array.isArray(before) ? [...before, text].join(',') : text;
    return spec.read(joined, long);
  });
}

function placeholder(name: string, { optional }: ArgumentSpec): string {
  return optional ? `[${name}]` : `<${name}>`;
}
