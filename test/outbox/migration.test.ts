import { outboxMigration } from '../../src/outbox/migration.js';

it.each(['', 'a b', 'a;b', 'a.b.c', '1a', 'a"b', 'x'.repeat(51)])('a table is not named %j', (name) => {
  expect(() => outboxMigration('postgres', name)).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }));
});
