import { outboxMigration } from '../../outbox/migration.js';
import { type CommandContext, type CommandGroup, command } from '../../terminal/command.js';
import { flag, text, usageError } from '../../terminal/usage.js';

/** The commands about outboxes. */
export const outboxCommands: CommandGroup<CommandContext> = {
  name: 'outbox',
  summary: 'send within transactions of a database',
  commands: [
    command({
      name: 'sql',
      summary: 'print the SQL that makes the table of an outbox, for a migration',
      options: {
        postgres: flag('for PostgreSQL'),
        mariadb: flag('for MariaDB, from 10.6 on'),
        table: text('<name>', 'name of the table, with its schema if it has one (nestwork_outbox)'),
      },
      takesGlobalOptions: false,
      run: async ({ out }: CommandContext, _given, { postgres, mariadb, table }) => {
        if (postgres === mariadb) {
          throw usageError('The SQL differs from database to database.', 'Give either --postgres or --mariadb.');
        }
        const statements = outboxMigration(postgres ? 'postgres' : 'mariadb', table);
        out.line(statements.map((statement) => `${statement};`).join('\n'));
        return undefined;
      },
    }),
  ],
};
