import { outboxMigration } from '../../outbox/migration.js';
import { DEFAULT_TABLE } from '../../outbox/sql/table-name.js';
import type { CommandContext, CommandGroup } from '../../terminal/command.js';
import { migrationCommand } from '../../terminal/migration-command.js';

/** The commands about outboxes. */
export const outboxCommands: CommandGroup<CommandContext> = {
  name: 'outbox',
  summary: 'send within transactions of a database',
  commands: [migrationCommand({ of: 'an outbox', table: DEFAULT_TABLE, migration: outboxMigration })],
};
