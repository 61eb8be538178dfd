import { outboxMigration } from '../../src/outbox/migration.js';
import { nestwork } from '../support/command-line.js';

describe('nestwork outbox sql', () => {
  it.each(['postgres', 'mariadb'] as const)(
    '--%s prints the statements of the migration, without Redis',
    async (dialect) => {
      const { stdout, code } = await nestwork(['outbox', 'sql', `--${dialect}`]);
      expect(code).toBe(0);
      expect(stdout.trim()).toBe(
        outboxMigration(dialect)
          .map((statement) => `${statement};`)
          .join('\n'),
      );
    },
  );

  it('--table names the table and its indexes', async () => {
    const { stdout } = await nestwork(['outbox', 'sql', '--postgres', '--table', 'app.sent']);
    expect(stdout).toContain('create table "app"."sent" (');
    expect(stdout).toContain('create index "sent_next" on "app"."sent"');
  });

  it.each([[[]], [['--postgres', '--mariadb']]])('with %j asks for one database', async (options) => {
    const { stderr, code } = await nestwork(['outbox', 'sql', ...options]);
    expect(code).toBe(2);
    expect(stderr).toContain('Give either --postgres or --mariadb.');
  });
});
