import { inboxMigration } from '../../outbox/inbox/inbox-migration.js';
import { DEFAULT_INBOX_TABLE } from '../../outbox/inbox/inbox-options.js';
import type { CommandContext, CommandGroup } from '../../terminal/command.js';
import { migrationCommand } from '../../terminal/migration-command.js';

/** The commands about inboxes. */
export const inboxCommands: CommandGroup<CommandContext> = {
  name: 'inbox',
  summary: 'have effects in a database once',
  commands: [migrationCommand({ of: 'an inbox', table: DEFAULT_INBOX_TABLE, migration: inboxMigration })],
};
