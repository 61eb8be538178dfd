import { inboxMigration } from '../../src/outbox/inbox/inbox-migration.js';
import { nestwork } from '../support/command-line.js';

describe('nestwork inbox sql', () => {
  it.each(['postgres', 'mariadb'] as const)(
    '--%s prints the statements of the migration, without Redis',
    async (dialect) => {
      const { stdout, code } = await nestwork(['inbox', 'sql', `--${dialect}`]);
      expect(code).toBe(0);
      expect(stdout.trim()).toBe(
        inboxMigration(dialect)
          .map((statement) => `${statement};`)
          .join('\n'),
      );
    },
  );

  it('--table names the table and its index', async () => {
    const { stdout } = await nestwork(['inbox', 'sql', '--postgres', '--table', 'app.done']);
    expect(stdout).toContain('create table "app"."done" (');
    expect(stdout).toContain('create index "done_age" on "app"."done"');
  });

  it('without a database asks for one', async () => {
    const { stderr, code } = await nestwork(['inbox', 'sql']);
    expect(code).toBe(2);
    expect(stderr).toContain('Give either --postgres or --mariadb.');
  });
});
