import { setTimeout as delay } from 'node:timers/promises';
import { type AppDatabase, appDatabase, makeTables } from '../fixtures/outbox-database.js';
import { type Database, startDatabases } from '../harness/databases.js';
import type { WorkerProcess } from '../harness/processes.js';
import { type Scenario, type Stage, unless } from '../harness/scenario.js';
import { HASTY } from '../harness/settings.js';

const WORKER = { children: 2, concurrency: 4, lease: '2s' } as const;
const MAX_WAIT_MS = 300;
/** So many tasks run between two faults. */
const BETWEEN = 20;
const PATIENCE_MS = 300_000;
const MARKS = '{nestwork}:relayed:*';

/** One app with its database: a process that sends in transactions, and a worker whose children relay, as the sender does. */
interface App {
  readonly server: Database;
  /** a connection that looks at the database */
  readonly database: AppDatabase;
  sender: WorkerProcess;
  worker: WorkerProcess;
}

/** Databases, Redis, senders and relays that are killed while rows are on their way. */
export const outbox: Scenario = {
  name: 'outbox',
  promise: 'a task that is sent in a transaction comes once if that is committed, and never otherwise',
  arena: () => ({ ...HASTY, redisArgs: ['--appendonly', 'yes', '--appendfsync', 'always'] }),

  async run(stage) {
    const { arena, random, short } = stage;
    const faults = short ? 8 : Number(process.env.CHAOS_FAULTS ?? 120);
    const servers = await startDatabases();
    if (servers.length === 0) return { faults: 0, figure: 'not tried: there is no database' };
    try {
      const apps: App[] = [];
      for (const server of servers) apps.push(await startApp(stage, server));
      for (const { worker } of apps) await arena.booted(worker, WORKER.children);
      for (let fault = 0; fault < faults; fault += 1) {
        const finished = arena.ledger.update().finishes.size;
        await arena.until('tasks run', () => arena.ledger.update().finishes.size > finished + BETWEEN, PATIENCE_MS);
        await delay(random.between(0, MAX_WAIT_MS));
        await breakSomething(stage, apps, fault);
      }
      for (const { sender } of apps) arena.kill(sender.pid);
      for (const app of apps) await arena.until('no row is left', () => isEmpty(app).catch(() => false), PATIENCE_MS);
      await arena.drained(PATIENCE_MS);
      await sweep(stage);
      const problems = (await Promise.all(apps.map((app) => judge(stage, app)))).flat();
      return { faults, figure: `${servers.map(({ product }) => product).join(' and ')}, rows and marks 0`, problems };
    } finally {
      // before the databases, which they would miss
      for (const { pid } of arena.workers) arena.kill(pid);
      for (const server of servers) await server.stop();
    }
  },
};

async function startApp(stage: Stage, server: Database): Promise<App> {
  const database = appDatabase(server.url);
  await makeTables(database);
  return { server, database, sender: startSender(stage, server), worker: startWorker(stage, server) };
}

function startSender({ arena }: Stage, { url, product }: Database): WorkerProcess {
  return arena.process('outbox-sender', { DATABASE_URL: url, SENDER: product });
}

function startWorker({ arena }: Stage, { url }: Database): WorkerProcess {
  return arena.worker(WORKER, { DATABASE_URL: url });
}

/** Of the app whose turn it is: its database, Redis, its sender, its worker, or a child of any. */
async function breakSomething(stage: Stage, apps: readonly App[], fault: number): Promise<void> {
  const { arena, random } = stage;
  const app = apps[fault % apps.length] as App;
  const kind = Math.floor(fault / apps.length) % 5;
  if (kind === 0) {
    await app.server.kill();
    await delay(random.between(0, MAX_WAIT_MS));
    await app.server.restart();
  } else if (kind === 1) {
    await arena.server.kill('SIGKILL');
    await delay(random.between(0, MAX_WAIT_MS));
    await arena.server.restart();
  } else if (kind === 2) {
    arena.kill(app.sender.pid);
    app.sender = startSender(stage, app.server);
  } else if (kind === 3) {
    arena.kill(app.worker.pid);
    app.worker = startWorker(stage, app.server);
    await arena.booted(app.worker, WORKER.children);
  } else {
    const victims = arena.victims();
    if (victims.length > 0) arena.kill(random.pick(victims));
  }
}

async function isEmpty({ database }: App): Promise<boolean> {
  const [row] = await database.query("select count(*) as count from nestwork_outbox where namespace <> ''");
  return Number(row?.count) === 0;
}

/** Marks of relays that died behind their commit are swept after ten minutes: these are over now. */
async function sweep({ arena }: Stage): Promise<void> {
  const keys = await arena.redis.keys(MARKS);
  for (const key of keys) {
    for (const id of await arena.redis.zrange(key, '0', '-1')) await arena.redis.zadd(key, 'XX', '1000', id);
  }
  await arena.until('no mark is left', async () => (await arena.redis.exists('none', ...keys)) === 0);
}

/** The rows of the app say which transactions were committed. */
async function judge({ arena }: Stage, { database, server: { product } }: App): Promise<string[]> {
  const orders = await database.query('select task_id, label from orders');
  const committed = new Set(orders.map(({ task_id: id }) => String(id)));
  for (const { task_id: id, label } of orders) arena.producer.accepted.set(String(id), String(label));
  const ghosts = arena.ledger.startsOf(`${product} `).filter(({ id }) => !committed.has(id));
  const aside = await database.query('select id from nestwork_outbox where put_aside_at is not null');
  await database.close();
  return [
    ...unless(committed.size > 0, `${product} has no committed transaction`),
    ...unless(ghosts.length === 0, `${ghosts.length} tasks ran whose transactions were rolled back in ${product}`),
    ...unless(aside.length === 0, `${aside.length} rows were put aside in ${product}`),
  ];
}
