import { type Command, type CommandContext, command } from './command.js';
import { flag, text, usageError } from './usage.js';

/** What is the table of a command that prints SQL. */
export interface MigrationCommand {
  /** `an outbox` */
  readonly of: string;
  /** the name of the table by default */
  readonly table: string;
  readonly migration: (dialect: 'postgres' | 'mariadb', table?: string) => string[];
}

/** A command that prints the SQL which makes a table. */
export function migrationCommand({ of, table: byDefault, migration }: MigrationCommand): Command<CommandContext> {
  return command({
    name: 'sql',
    summary: `print the SQL that makes the table of ${of}, for a migration`,
    options: {
      postgres: flag('for PostgreSQL'),
      mariadb: flag('for MariaDB, from 10.6 on'),
      table: text('<name>', `name of the table, with its schema if it has one (${byDefault})`),
    },
    takesGlobalOptions: false,
    run: async ({ out }: CommandContext, _given, { postgres, mariadb, table }) => {
      if (postgres === mariadb) {
        throw usageError('The SQL differs from database to database.', 'Give either --postgres or --mariadb.');
      }
      const statements = migration(postgres ? 'postgres' : 'mariadb', table);
      out.line(statements.map((statement) => `${statement};`).join('\n'));
      return undefined;
    },
  });
}
