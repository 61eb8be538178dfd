import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MikroORM } from '@mikro-orm/postgresql';
import { OutboxTable } from '../../src/outbox/outbox-table.js';
import { examplesOfPage } from '../support/examples.js';
import { describeDatabases } from '../support/outbox-databases.js';
import { mikroOrm } from './libraries.js';
import { mikroOrmOutbox } from './recipes/mikro-orm.js';

const MESSAGE = 'k3v9x0q2m7000000000110000000000001["A.b",[]]';

const ROOT = new URL('../../', import.meta.url).pathname;

it.each(['drizzle-postgres.ts', 'drizzle-mysql.ts', 'mikro-orm.ts'])(
  'the page has the recipe %s as it is tested',
  (file) => {
    const tested = readFileSync(join(ROOT, 'test/outbox/recipes', file), 'utf8');
    const published = tested.replace('../../../src/outbox/index.js', 'nestwork/outbox');
    expect(examplesOfPage(ROOT, 'docs/outbox.md').map(({ code }) => code)).toContain(published);
  },
);

describeDatabases('the recipe of MikroORM', (database) => {
  let orm: MikroORM;
  beforeAll(async () => {
    orm = await mikroOrm(database.server.url, database.outbox.dialect);
  });
  afterAll(() => orm.close());

  it('finds the transaction of the caller, also one within another', async () => {
    const { database: outbox, current } = mikroOrmOutbox(orm);
    const table = new OutboxTable(outbox, 'nestwork');
    const send = (taskId: number): Promise<void> =>
      table.add(current?.(), [{ queue: 'default', message: MESSAGE.replace('0001', `000${taskId}`) }]);
    await expect(send(1)).rejects.toMatchObject({ code: 'OUTBOX_NO_TRANSACTION' });
    await orm.em.transactional(async (em) => {
      await send(2);
      const inner = em.transactional(async () => {
        await send(3);
        throw new Error('no');
      });
      await expect(inner).rejects.toThrow('no');
      await em.transactional(() => send(4));
    });
    const rows = await database.query('select task_id from nestwork_outbox order by id');
    expect(rows.map((row) => String(row.task_id).slice(-1))).toEqual(['2', '4']);
  });
});
