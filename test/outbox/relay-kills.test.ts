/** Databases and Redis that die while rows are on their way: each task comes once. */
import type { RelayPort } from '../../src/broker/port/relay-port.js';
import { RedisBroker } from '../../src/broker/redis-broker.js';
import type { OutboxDatabase } from '../../src/outbox/outbox-database.js';
import { OutboxTable } from '../../src/outbox/outbox-table.js';
import { OutboxRelay } from '../../src/outbox/relay.js';
import { BrokerFixture } from '../support/broker-fixture.js';
import { eventually } from '../support/eventually.js';
import { describeDatabases } from '../support/outbox-databases.js';

type Relayed = ReturnType<RelayPort['relay']>;

let redis: BrokerFixture;
beforeAll(async () => {
  redis = await BrokerFixture.start(['--appendonly', 'yes', '--appendfsync', 'always']);
});
afterAll(() => redis.stop());

describeDatabases('a relay', (database) => {
  afterEach(() => redis.reset());

  /** @param around what happens around the script, which runs in the transaction of the rows */
  function relayOf(around: (relay: () => Relayed) => Relayed = (run) => run(), sender = redis.broker): OutboxRelay {
    const port = redis.broker.outbox;
    const { listen: _, ...outbox } = database.outbox;
    return new OutboxRelay({
      table: new OutboxTable(outbox as OutboxDatabase, 'nestwork'),
      broker: {
        now: () => port.now(),
        relay: (...given) => around(() => sender.outbox.relay(...given)),
        forget: (...given) => port.forget(...given),
        marked: (...given) => port.marked(...given),
        takeTurn: (...given) => port.takeTurn(...given),
        note: (...given) => port.note(...given),
        noted: () => port.noted(),
      },
      onWake: () => {},
      onWarning: () => {},
      onError: () => {},
    });
  }

  async function send(messages: readonly string[]): Promise<void> {
    const calls = messages.map((message) => ({ queue: 'default', message }));
    await database.transaction((transaction) => database.table.add(transaction, calls));
  }

  /** A relay of another process: the turn of the one before is over. */
  async function nextRound(): Promise<void> {
    await redis.redis.del('none', ...(await redis.redis.keys('{nestwork}:relaying:*')));
    await relayOf().round();
  }

  async function expectOnce(messages: readonly string[]): Promise<void> {
    expect(await redis.redis.lrange('{nestwork}:queue:default', 0, -1)).toEqual(messages);
    expect(await database.rows()).toBe(0);
    for (const key of await redis.redis.keys('{nestwork}:relayed:*')) expect(await redis.redis.zcard(key)).toBe(0);
  }

  it('sends each row once when the database dies behind the script', async () => {
    const messages = redis.messages(20);
    await send(messages);
    const dying = relayOf(async (relay) => {
      const errors = await relay();
      await database.server.kill();
      return errors;
    });
    await expect(dying.round()).rejects.toThrow();
    await database.server.restart();
    expect(await database.rows()).toBe(20);
    await nextRound();
    await expectOnce(messages);
  });

  it('sends each row once when the database dies before the script', async () => {
    const messages = redis.messages(20);
    await send(messages);
    const dying = relayOf(async (relay) => {
      await database.server.kill();
      return relay();
    });
    await expect(dying.round()).rejects.toThrow();
    await database.server.restart();
    await nextRound();
    await expectOnce(messages);
  });

  it('goes on by itself after the database was away', async () => {
    const messages = redis.messages(3);
    await send(messages);
    const relay = relayOf();
    await relay.round();
    await database.server.kill();
    await expect(relay.round()).rejects.toThrow();
    await database.server.restart();
    const more = redis.messages(3);
    await eventually(() => send(more));
    await eventually(() => relay.round());
    await expectOnce([...messages, ...more]);
    await relay.stop();
  });

  it('sends each row once when Redis dies behind the script', async () => {
    const messages = redis.messages(20);
    await send(messages);
    const dying = relayOf(async (relay) => {
      const errors = await relay();
      await redis.server.kill();
      await redis.server.restart();
      return errors;
    });
    await dying.round().catch(() => undefined);
    await eventually(() => nextRound());
    await eventually(() => expectOnce(messages));
  });

  it('keeps the rows while Redis is away, and sends them once when it is back', async () => {
    const messages = redis.messages(20);
    await send(messages);
    const broker = new RedisBroker({
      redis: redis.server.url,
      namespace: 'nestwork',
      queues: ['default'],
      commandTimeoutMs: 200,
    });
    await broker.connect();
    const waiting = relayOf(async (relay) => {
      await redis.server.kill();
      return relay();
    }, broker);
    await expect(waiting.round()).rejects.toMatchObject({ code: expect.stringMatching(/^(REDIS|ENQUEUE)_/) });
    await broker.close();
    expect(await database.rows()).toBe(20);
    await redis.server.restart();
    await eventually(() => nextRound());
    await expectOnce(messages);
  });

  it('sends each row once when the reply of the script is lost', async () => {
    const messages = redis.messages(20);
    await send(messages);
    // the command was executed, and its sender does not know
    const unsure = relayOf(async (relay) => {
      const errors = await relay();
      return errors.map(() => Object.assign(new Error('no answer'), { code: 'ENQUEUE_UNCONFIRMED' }));
    });
    await unsure.round();
    expect(await database.rows()).toBe(20);
    await nextRound();
    await expectOnce(messages);
  });
});
