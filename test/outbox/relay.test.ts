/** The relay over real databases: what it sends, what it leaves, and that nothing is sent twice wherever it dies. */
import type { OutboxCall, RelayPort } from '../../src/broker/port/relay-port.js';
import type { OutboxDatabase, OutboxRow } from '../../src/outbox/outbox-database.js';
import { OutboxTable } from '../../src/outbox/outbox-table.js';
import { MOST_RELAYED, OutboxRelay, type RelayOptions, type Round } from '../../src/outbox/relay.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { eventually } from '../support/eventually.js';
import { describeDatabases, type OutboxDatabaseFixture } from '../support/outbox-databases.js';

const FUTURE = Date.UTC(2100, 0, 1);

let redis: BrokerFixture;
beforeAll(async () => {
  redis = await BrokerFixture.start();
});
afterEach(() => redis.reset());
afterAll(() => redis.stop());

describeDatabases('the relay', (database) => {
  let warnings: string[] = [];
  let errors: unknown[] = [];
  beforeEach(() => {
    warnings = [];
    errors = [];
  });

  function relayOf(given: Partial<RelayOptions> = {}): OutboxRelay {
    return new OutboxRelay({
      table: new OutboxTable(unheard(database.outbox), 'nestwork'),
      broker: redis.broker.outbox,
      onWake: () => {},
      onWarning: (warning) => warnings.push(warning),
      onError: (error) => errors.push(error),
      ...given,
    });
  }

  /** One round of a relay that lives no longer. */
  async function round(given: Partial<RelayOptions> = {}): Promise<Round> {
    const relay = relayOf(given);
    try {
      return await relay.round();
    } finally {
      await relay.stop().catch(() => {});
    }
  }

  function send(calls: readonly (OutboxCall | string)[], table = database.table): Promise<void> {
    const rows = calls.map((call) => (typeof call === 'string' ? { queue: 'default', message: call } : call));
    return database.transaction((transaction) => table.add(transaction, rows));
  }

  function pending(queue = 'default'): Promise<string[]> {
    return redis.redis.lrange(`{nestwork}:queue:${queue}`, 0, -1);
  }

  async function marks(): Promise<number> {
    const keys = await redis.redis.keys('{nestwork}:relayed:*');
    const counts = await Promise.all(keys.map((key) => redis.redis.zcard(key)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  it('sends what was committed, in its order, and leaves neither rows nor marks', async () => {
    const messages = redis.messages(3);
    await send(messages);
    expect(await pending()).toEqual([]);
    await round();
    expect(await pending()).toEqual(messages);
    expect(await database.rows()).toBe(0);
    expect(await marks()).toBe(0);
    expect(errors).toEqual([]);
  });

  it('notes in Redis how its rows stand, once they are sent, and again only after a time', async () => {
    await send([...redis.messages(2), { queue: 'list', message: redis.message() }]);
    await redis.redis.set('{nestwork}:queue:list', 'of others');
    const relay = relayOf();
    await relay.round();
    const { outboxes, now } = await redis.broker.outbox.noted();
    expect(outboxes).toEqual([
      {
        outbox: expect.any(String),
        table: 'nestwork_outbox',
        waiting: 1,
        putAside: 0,
        oldestMs: expect.any(Number),
        notedAt: expect.any(Number),
      },
    ]);
    expect(now - (outboxes[0]?.notedAt ?? 0)).toBeLessThan(60_000);
    await redis.redis.del('{nestwork}:queue:list');
    await relay.round();
    expect(await database.rows()).toBe(0);
    expect((await redis.broker.outbox.noted()).outboxes).toEqual(outboxes);
    await relay.stop();
    await round();
    expect((await redis.broker.outbox.noted()).outboxes).toMatchObject([{ waiting: 0, oldestMs: 0 }]);
  });

  it('relays though Redis takes no notes', async () => {
    await send([redis.message()]);
    await redis.redis.set('{nestwork}:outboxes', 'of others');
    await round();
    expect(await pending()).toHaveLength(1);
    expect(errors).toEqual([]);
  });

  it('sends nothing of a transaction that was rolled back', async () => {
    const [message = ''] = redis.messages(1);
    const failing = database.transaction(async (transaction) => {
      await database.table.add(transaction, [{ queue: 'default', message }]);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await round();
    const { outboxes: _, ...state } = await redis.state();
    expect(state).toEqual({});
  });

  it('sends nothing of a transaction before its commit, and does not wait for it', async () => {
    const [open, done] = redis.messages(2) as [string, string];
    await database.transaction(async (transaction) => {
      await database.table.add(transaction, [{ queue: 'default', message: open }]);
      await send([done]);
      await round();
      expect(await pending()).toEqual([done]);
    });
    await round();
    expect(await pending()).toEqual([done, open]);
  });

  it('lets senders add rows while it relays', async () => {
    const [first, second] = redis.messages(2) as [string, string];
    await send([first]);
    const broker: RelayPort = {
      ...portOf(redis.broker.outbox),
      relay: async (...given) => {
        await send([second]);
        return redis.broker.outbox.relay(...given);
      },
    };
    await round({ broker });
    expect(await pending()).toEqual([first]);
    await round();
    expect(await pending()).toEqual([first, second]);
  });

  it('sends times, keys, labels and broadcasts as they were given', async () => {
    const [later, call] = redis.messages(2) as [string, string];
    const [former, unique] = [redis.uniqueMessage('k'), redis.uniqueMessage('k')];
    await send([
      { queue: 'bulk', message: later, dueAt: FUTURE },
      { queue: 'default', message: former, onConflict: 'keep' },
      { queue: 'default', message: unique, onConflict: 'replace' },
      { queue: '(broadcast)', message: call },
    ]);
    await round();
    expect(await redis.dueTimes('bulk')).toEqual([[later, FUTURE]]);
    expect(await pending()).toEqual([unique]);
    expect(await redis.redis.xlen('{nestwork}:broadcasts')).toBe(1);
  });

  it('sends more rows than one batch takes', async () => {
    const messages = redis.messages(2 * MOST_RELAYED + 7);
    await send(messages);
    await round();
    expect(await pending()).toEqual(messages);
    expect(await database.rows()).toBe(0);
  });

  it('sends each row once when several relays run at once', async () => {
    const messages = redis.messages(1_000);
    await send(messages);
    // without turns
    const broker: RelayPort = { ...portOf(redis.broker.outbox), takeTurn: async () => true };
    await Promise.all(Array.from({ length: 4 }, () => round({ broker })));
    expect((await pending()).sort()).toEqual([...messages].sort());
    expect(await database.rows()).toBe(0);
  });

  it('makes no transaction of an app fail while several relays run', async () => {
    const broker: RelayPort = { ...portOf(redis.broker.outbox), takeTurn: async () => true };
    const relays = Array.from({ length: 3 }, () => relayOf({ broker }));
    let isSending = true;
    const relaying = relays.map(async (relay) => {
      while (isSending) await relay.round();
    });
    const sent: string[] = [];
    const sending = Array.from({ length: 4 }, async () => {
      for (let at = 0; at < 40; at += 1) {
        const messages = redis.messages(3);
        sent.push(...messages);
        await send(messages);
      }
    });
    await Promise.all(sending).finally(() => {
      isSending = false;
    });
    await Promise.all(relaying);
    await round({ broker });
    expect((await pending()).sort()).toEqual(sent.sort());
  });

  it('leaves the work to the relay whose turn it is', async () => {
    const [first, second] = [relayOf(), relayOf()];
    await first.round();
    await send(redis.messages(1));
    expect(await second.round()).toEqual({ nextInMs: 5_000, stuck: false });
    expect(await database.rows()).toBe(1);
    await first.stop();
    await second.round();
    expect(await database.rows()).toBe(0);
    await second.stop();
  });

  it('sends the rows of its namespace alone', async () => {
    const [own, other] = redis.messages(2) as [string, string];
    await send([other], new OutboxTable(database.outbox, 'other'));
    await send([own]);
    await round();
    expect(await pending()).toEqual([own]);
    expect(await database.rows()).toBe(1);
  });

  it('adds an id once that was sent in two transactions', async () => {
    const [message = ''] = redis.messages(1);
    await send([message]);
    await send([message, ...redis.messages(1)]);
    expect(await database.rows()).toBe(2);
    await round();
    await send([message]);
    await round();
    expect((await pending()).filter((one) => one === message)).toHaveLength(1);
    expect(await database.rows()).toBe(0);
  });

  it('sends rows of a transaction that began earlier and ends later, though it has read on', async () => {
    const early = redis.messages(2);
    const late = redis.messages(3 * MOST_RELAYED);
    const relay = relayOf();
    await database.transaction(async (transaction) => {
      await database.table.add(
        transaction,
        early.map((message) => ({ queue: 'default', message })),
      );
      await send(late);
      await relay.round();
      expect(await pending()).toEqual(late);
    });
    await eventually(async () => {
      await relay.round();
      expect(await database.rows()).toBe(0);
    });
    expect(await pending()).toEqual([...late, ...early]);
    await relay.stop();
  });

  it('takes so many rows at once as the memory holds, where they are large', async () => {
    const [message = ''] = redis.messages(1);
    const head = message.slice(0, -']'.length);
    const all = redis.messages(120).map((one) => `${one.slice(0, 20)}${head.slice(20)},"${'x'.repeat(250_000)}"]`);
    for (const one of all) await send([one]);
    const read: number[] = [];
    const watched: OutboxDatabase = {
      ...unheard(database.outbox),
      execute: async (transaction, sql, parameters) => {
        const rows = await database.outbox.execute(transaction, sql, parameters);
        if (/^select id/.test(sql)) read.push(rows.length);
        return rows;
      },
    };
    await round({ table: new OutboxTable(watched, 'nestwork') });
    expect(await redis.redis.llen('{nestwork}:queue:default')).toBe(120);
    expect(Math.max(...read)).toBeLessThanOrEqual(50);
  });

  it.each<[string, (row: OutboxRow) => OutboxRow]>([
    ['texts in place of bytes', (row) => ({ ...row, message: String(row.message) })],
    ['lists in place of columns', (row) => Object.values(row) as unknown as OutboxRow],
  ])('leaves all rows where a library gives %s, and says so', async (_, changed) => {
    await send(redis.messages(2));
    const odd: OutboxDatabase = {
      ...unheard(database.outbox),
      execute: async (transaction, sql, parameters) => {
        const rows = await database.outbox.execute(transaction, sql, parameters);
        return /^select id/.test(sql) ? rows.map(changed) : rows;
      },
    };
    await expect(round({ table: new OutboxTable(odd, 'nestwork') })).rejects.toThrow('does not give rows as');
    expect(await database.query('select problem from nestwork_outbox where problem is not null')).toEqual([]);
    await round();
    expect(await pending()).toHaveLength(2);
  });

  describe('with bad rows', () => {
    it.each([
      ['of another version', Buffer.from('2{}\nx'), 'its message has the version "2", and not 1'],
      ['without a message', Buffer.from('1{}\n'), 'its message does not begin as one of a task'],
      ['that is cut off', Buffer.from('1{"due":'), 'what stands beside its message cannot be read'],
      ['that is no text', Buffer.from([0x31, 0xff, 0xfe]), 'its message is not UTF-8'],
    ])('puts a row aside %s, says why, and sends the others', async (_, bytes, why) => {
      const [before, after] = redis.messages(2) as [string, string];
      await send([before]);
      await database.query(
        `insert into nestwork_outbox (namespace, task_id, queue, message) values ('nestwork', 'bad', 'default', ${hex(database, bytes)})`,
      );
      await send([after]);
      await round();
      expect(await pending()).toEqual([before, after]);
      const rows = await database.query("select problem, put_aside_at from nestwork_outbox where task_id = 'bad'");
      expect(rows).toMatchObject([{ problem: why, put_aside_at: expect.any(Date) }]);
      expect(warnings).toEqual([expect.stringContaining(why)]);
      await round();
      expect(warnings).toHaveLength(1);
    });

    it('puts a row aside whose id is not that of its message', async () => {
      await send(redis.messages(1));
      await database.query("update nestwork_outbox set task_id = 'other' where namespace <> ''");
      await round();
      expect(await pending()).toEqual([]);
      expect(warnings).toEqual([expect.stringContaining('its task_id is not that of its message')]);
    });
  });

  describe('where Redis refuses rows', () => {
    it('keeps those of a queue with a foreign key, and sends all others behind them', async () => {
      await redis.redis.set('{nestwork}:queue:bulk', 'foreign');
      const bulk = redis.messages(MOST_RELAYED + 5);
      const others = redis.messages(3);
      await send(bulk.map((message) => ({ queue: 'bulk', message })));
      await send(others);
      expect(await round()).toEqual({ nextInMs: 1_000, stuck: true });
      expect(await pending()).toEqual(others);
      expect(errors).toMatchObject([{ code: 'REDIS_REFUSED' }]);
      expect(await database.rows()).toBe(bulk.length);
      await redis.redis.del('{nestwork}:queue:bulk');
      await round();
      expect(await pending('bulk')).toEqual(bulk);
      expect(await database.rows()).toBe(0);
    });

    it('keeps all of them when it is full', async () => {
      const messages = redis.messages(3);
      await send(messages);
      await redis.whenFull(() => expect(round()).rejects.toMatchObject({ code: 'REDIS_OUT_OF_MEMORY' }));
      expect(await database.rows()).toBe(3);
      await round();
      expect(await pending()).toEqual(messages);
    });
  });

  describe('that dies', () => {
    const STEPS = ['now', 'takeTurn', 'begin', 'next', 'relay', 'remove', 'commit', 'forget'] as const;
    const MOMENTS = STEPS.flatMap((step) => [
      [`before ${step}`, step, 'before'] as const,
      [`after ${step}`, step, 'after'] as const,
    ]);

    it.each(MOMENTS)('%s lets the next one send each row once', async (_, step, moment) => {
      const messages = redis.messages(5);
      await send(messages);
      // its table is known, so that the steps are those of the rows
      await round();
      await redis.redis.flushall();
      const more = redis.messages(5);
      await send(more);
      await round(dying(database.outbox, redis.broker.outbox, step, moment)).catch(() => undefined);
      await laterThanSeen();
      await round();
      expect(await pending()).toEqual(more);
      expect(await database.rows()).toBe(0);
    });

    /** All marks are older than ten minutes. */
    async function age(): Promise<void> {
      for (const key of await redis.redis.keys('{nestwork}:relayed:*')) {
        for (const id of await redis.redis.zrange(key, '0', '-1')) await redis.redis.zadd(key, 1_000, id);
      }
    }

    it('sweeps the marks that it left once their rows are gone', async () => {
      await send(redis.messages(5));
      await round(dying(database.outbox, redis.broker.outbox, 'commit', 'after')).catch(() => undefined);
      expect(await marks()).toBe(5);
      expect(await database.rows()).toBe(0);
      await turnOver();
      await round();
      expect(await marks()).toBe(5);
      await age();
      await round();
      expect(await marks()).toBe(0);
    });

    it('keeps old marks whose rows are there', async () => {
      await send(redis.messages(2));
      await round(dying(database.outbox, redis.broker.outbox, 'commit', 'before')).catch(() => undefined);
      await age();
      await turnOver();
      // as if Redis refused them, so that they stay
      const broker: RelayPort = {
        ...portOf(redis.broker.outbox),
        relay: async (_, calls) => calls.map(() => new Error('no')),
      };
      await round({ broker });
      expect(await marks()).toBe(2);
      await round();
      expect(await marks()).toBe(0);
    });

    /** Nothing is recognised by its bit any more: only the marks are left. */
    async function laterThanSeen(): Promise<void> {
      for (const key of await redis.redis.keys('{nestwork}:seen:*')) await redis.redis.rename(key, `kept:${key}`);
      await turnOver();
    }

    /** The turn of the dead relay is over. */
    async function turnOver(): Promise<void> {
      await redis.redis.del('none', ...(await redis.redis.keys('{nestwork}:relaying:*')));
    }

    afterEach(async () => {
      for (const key of await redis.redis.keys('kept:*')) await mergeInto(key);
    });

    /** The invariants ask for the bits of all tasks. */
    async function mergeInto(key: string): Promise<void> {
      const own = key.slice('kept:'.length);
      await redis.redis.bitop('OR', own, own, key);
      await redis.redis.del(key);
    }
  });

  describe('without its table', () => {
    it('says so', async () => {
      await database.query('drop table nestwork_outbox');
      await expect(round()).rejects.toMatchObject({ code: 'OUTBOX_TABLE_MISSING' });
      const sent = send(redis.messages(1));
      await expect(sent).rejects.toMatchObject({
        code: 'OUTBOX_TABLE_MISSING',
        message: expect.stringContaining('npx nestwork outbox sql'),
      });
    });

    it('says so where another program has made one', async () => {
      await database.query('drop table nestwork_outbox');
      await database.query('create table nestwork_outbox (id integer)');
      await expect(round()).rejects.toMatchObject({ code: 'OUTBOX_TABLE_OLD' });
      await expect(send(redis.messages(1))).rejects.toMatchObject({ code: 'OUTBOX_TABLE_OLD' });
    });
  });
});

/** Without notifications: these tests call the rounds. */
function unheard({ listen: _, ...database }: OutboxDatabase): OutboxDatabase {
  return database;
}

/** Its methods, bound. */
function portOf(port: RelayPort): RelayPort {
  return {
    now: () => port.now(),
    relay: (...given) => port.relay(...given),
    forget: (...given) => port.forget(...given),
    marked: (...given) => port.marked(...given),
    takeTurn: (...given) => port.takeTurn(...given),
    note: (...given) => port.note(...given),
    noted: () => port.noted(),
  };
}

/** Parts of a relay that fail at one step, before it has any effect or after it, and at all that follows. */
function dying(
  database: OutboxDatabase,
  broker: RelayPort,
  deadly: string,
  moment: 'before' | 'after',
): Pick<RelayOptions, 'table' | 'broker'> {
  let isDead = false;
  // at first a relay looks at its table
  let isArmed = false;
  const dead = (): Error => new Error(`It died ${moment} ${deadly}.`);
  const step = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
    if (isDead) throw dead();
    isArmed ||= name === 'takeTurn';
    isDead = isArmed && name === deadly;
    if (isDead && moment === 'before') throw dead();
    const result = await run();
    if (isDead) throw dead();
    return result;
  };
  const nameOf = (sql: string): string => (/^select id/.test(sql) ? 'next' : sql.startsWith('delete') ? 'remove' : sql);
  const dyingDatabase: OutboxDatabase = {
    dialect: database.dialect,
    execute: (transaction, sql, parameters) => step(nameOf(sql), () => database.execute(transaction, sql, parameters)),
    transaction: async (run) => {
      await step('begin', async () => undefined);
      const result = await database.transaction(async (transaction) => {
        const its = await run(transaction);
        // the connection is lost before the commit
        if (moment === 'before') await step('commit', async () => undefined);
        return its;
      });
      // the answer to the commit is lost
      if (moment === 'after') await step('commit', async () => undefined);
      return result;
    },
  };
  const port = portOf(broker);
  return {
    table: new OutboxTable(dyingDatabase, 'nestwork'),
    broker: {
      now: () => step('now', port.now),
      relay: (...given) => step('relay', () => port.relay(...given)).catch((error: Error) => given[1].map(() => error)),
      forget: (...given) => step('forget', () => port.forget(...given)),
      marked: (...given) => step('marked', () => port.marked(...given)),
      takeTurn: (...given) => step('takeTurn', () => port.takeTurn(...given)),
      note: (...given) => step('note', () => port.note(...given)),
      noted: port.noted,
    },
  };
}

function hex({ outbox }: OutboxDatabaseFixture, bytes: Buffer): string {
  return outbox.dialect === 'postgres' ? `'\\x${bytes.toString('hex')}'` : `x'${bytes.toString('hex')}'`;
}
