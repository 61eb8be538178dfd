import { setTimeout as delay } from 'node:timers/promises';
import { decodeMessage } from '../../../dist/message/task-message.js';
import { ENDURING } from '../harness/all-faults.js';
import { BoundedCrons, isBounded } from '../harness/bounded-crons.js';
import { type CronRun, judgeCrons } from '../harness/cron-judge.js';
import { CronPark, OVERLAPPING } from '../harness/cron-park.js';
import type { Entry } from '../harness/ledger.js';
import type { WorkerProcess } from '../harness/processes.js';
import { type Scenario, type Stage, unless } from '../harness/scenario.js';

const WORKER = { children: 2, concurrency: 25, lease: '2s' } as const;
const LOST = 0.002;
const MAX_WAIT_MS = 300;
const PATIENCE_MS = 300_000;
const SECOND = 1_000;
const MINUTE = 60_000;
/** Of crons that are changed, paused, resumed, removed or added in a round. */
const CHANGES = 12;
/** Of crons that were set with a limit. */
const LIMIT_CHANGES = 4;

type Fault = (player: CronPlayer) => Promise<void>;

/** One after the other, all over again. */
const FAULTS: readonly Fault[] = [
  (player) => player.meanwhile(player.killChild()),
  (player) => player.deploy(),
  (player) => player.meanwhile(player.killSupervisor()),
  (player) => player.jumpAhead(player.stage.random.between(2, 20) * SECOND),
  (player) => player.meanwhile(player.crashRedis()),
  (player) => player.jumpBack(player.stage.random.between(1, 4) * SECOND),
  (player) => player.meanwhile(player.killChild()),
  (player) => player.beginAnew(player.stage.random.between(3, 300) * MINUTE),
  (player) => player.deploy(),
  (player) => player.killSupervisors(),
  (player) => player.meanwhile(player.crashRedis()),
];

/** Crons that are set while the apps run, and those of their code, under all that happens to apps, to Redis and to its clock. */
export const crons: Scenario = {
  name: 'crons',
  promise: 'each time of a cron has one run, whatever is killed, deployed or set meanwhile',
  arena: () => ({ ...ENDURING, settableClock: true }),

  async run(stage) {
    const { arena, short } = stage;
    const goal = Number(process.env.CHAOS_CRONS_INSTANTS ?? (short ? 1_500 : 20_000));
    const count = Number(process.env.CHAOS_CRONS ?? (short ? 150 : 1_000));
    const player = new CronPlayer(stage);
    await player.start(count);
    const runs = (): number => arena.ledger.update().starts.size;
    const rounds = Math.max(FAULTS.length, Math.ceil(goal / 600));
    for (let round = 0; round < rounds; round += 1) {
      await arena.until('crons run', () => runs() >= (round / rounds) * goal, PATIENCE_MS);
      await FAULTS[round % FAULTS.length]?.(player);
      await player.recovered();
    }
    await arena.until('crons run', () => runs() >= goal, PATIENCE_MS);
    await player.end();
    const all = await runsOf(stage);
    const found = all.filter((run) => !isBounded(run));
    const { outages, park } = player;
    const bounded = player.bounded.judge(all);
    const verdict = judgeCrons(park.duties, { runs: found, skipped: await park.skipped(), outages });
    const { due, open, excused, overlapped } = verdict;
    const problems = [...verdict.problems, ...bounded.problems, ...overlapping(stage)];
    const times = new Set(found.map(({ cron, cronTime }) => `${cron} ${cronTime}`)).size;
    return {
      faults: rounds,
      figure: [
        `${times} times of ${count} crons fired: ${due} were due, ${open} in doubt`,
        `${overlapped} left out by overlap, ${excused} missed in outages by rule`,
        `${bounded.releases} releases with ${bounded.ofReleases} runs, limits with ${bounded.ofLimits} runs in all`,
        `${player.changes} changes, ${player.deployments} deployments, ${player.jumps} clock jumps, ${arena.proxy.total} lost replies`,
      ].join('; '),
      problems: [
        ...problems.slice(0, 10),
        ...unless(problems.length <= 10, `... ${problems.length} in all`),
        ...unless(due > 0.6 * goal, `only ${due} times were sure to be due`),
      ],
    };
  },
};

/** The runs that were enqueued: those that have started, and the dead. */
async function runsOf({ arena }: Stage): Promise<CronRun[]> {
  const runs = [...arena.ledger.update().starts].map(([id, [start]]): CronRun => {
    const [, cron = '', cronTime, version = ''] = start?.label.split(' ') ?? [];
    return { id, cron, cronTime: Number(cronTime), version };
  });
  const started = new Set(runs.map(({ id }) => id));
  for (const [id, record] of await arena.dead()) {
    if (started.has(id)) continue;
    const { args, options } = decodeMessage(record.slice(record.indexOf('\n') + 1));
    runs.push({ id, cron: String(options.cron), cronTime: Number(options.due), version: String(args[1]) });
  }
  return runs;
}

/** Runs of a cron that leaves out overlaps, at the same time. A run that is started again has the key of its cron all the time. */
function overlapping({ arena }: Stage): string[] {
  const { starts, finishes } = arena.ledger.update();
  const endOf = new Map<string, number>();
  const runs = [...starts].map(([id, its]) => ({ id, its })).sort((a, b) => atOf(a.its) - atOf(b.its));
  return runs.flatMap(({ id, its }) => {
    const name = its[0]?.label.split(' ')[1] ?? '';
    if (!OVERLAPPING.test(name)) return [];
    const before = endOf.get(name) ?? 0;
    endOf.set(name, Math.max(...(finishes.get(id) ?? its).map(({ at }) => at)));
    return atOf(its) < before ? [`${name}: ${id} began ${before - atOf(its)} ms before the end of an earlier run`] : [];
  });
}

function atOf(starts: readonly Entry[]): number {
  return starts[0]?.at ?? 0;
}

/** Two workers, what is done to them, and what is done to crons meanwhile. */
class CronPlayer {
  readonly park: CronPark;
  readonly bounded: BoundedCrons;
  readonly outages: { readonly era: number; readonly after: number; readonly until: number }[] = [];
  deployments = 0;
  jumps = 0;
  private workers: WorkerProcess[] = [];

  constructor(readonly stage: Stage) {
    this.park = new CronPark(stage.arena, stage.random);
    this.bounded = new BoundedCrons(stage.arena, stage.random);
  }

  get changes(): number {
    return this.park.changes;
  }

  async start(count: number): Promise<void> {
    const { arena, random } = this.stage;
    const from = await arena.clock.now();
    this.workers = [this.worker(), this.worker()];
    for (const worker of this.workers) await arena.booted(worker, WORKER.children);
    await this.park.declared(0, new Map(), [from, await arena.clock.now()]);
    await this.park.fill(count);
    await this.bounded.fill();
    arena.proxy.rule = (name) => name !== 'blpop' && random.chance(LOST);
  }

  /** A fault, while crons are set, removed, paused and resumed. */
  async meanwhile(fault: Promise<void>): Promise<void> {
    await Promise.all([fault, this.park.change(CHANGES), this.bounded.change(LIMIT_CHANGES)]);
  }

  async killChild(): Promise<void> {
    const { arena, random } = this.stage;
    await delay(random.between(0, MAX_WAIT_MS));
    const victims = arena.victims();
    if (victims.length > 0) arena.kill(random.pick(victims));
  }

  async killSupervisor(): Promise<void> {
    const { arena, random } = this.stage;
    await delay(random.between(0, MAX_WAIT_MS));
    const at = random.between(0, 1);
    arena.kill(this.workers[at]?.pid ?? 0);
    await this.replace(at);
  }

  /** Both at once: until others are up nobody fires. */
  async killSupervisors(): Promise<void> {
    const { arena } = this.stage;
    await this.outage(async () => {
      for (const { pid } of this.workers) arena.kill(pid);
      for (const at of this.workers.keys()) await this.replace(at);
    });
  }

  async crashRedis(): Promise<void> {
    const { arena, random } = this.stage;
    await delay(random.between(0, MAX_WAIT_MS));
    await this.outage(() => arena.crashServer(random.between(0, MAX_WAIT_MS)));
  }

  async jumpAhead(ms: number): Promise<void> {
    if (!this.stage.arena.clock.real) return;
    this.jumps += 1;
    await this.outage(() => this.stage.arena.clock.jump(ms));
  }

  /** So little that crons wait until the clock gets there again. */
  async jumpBack(ms: number): Promise<void> {
    const { arena } = this.stage;
    if (!arena.clock.real) return;
    const before = await arena.clock.now();
    this.jumps += 1;
    await arena.clock.jump(-ms);
    await arena.until('the clock is where it was', async () => (await arena.clock.now()) > before, PATIENCE_MS);
  }

  /** The clock is set back so far that all crons begin anew. */
  async beginAnew(ms: number): Promise<void> {
    const { arena } = this.stage;
    if (!arena.clock.real) return;
    // a run of a release that lies far ahead counts as left by a clock that was wrong
    await this.ranAtRelease();
    const settled = await this.park.settled();
    const before = await arena.clock.now();
    this.jumps += 1;
    await arena.clock.jump(-ms);
    const last = (await arena.clock.now()) + ms;
    await arena.until('crons begin anew', () => this.park.fitsTheClock(), PATIENCE_MS);
    this.park.duties.beginAnew(settled, last, [before - ms, await arena.clock.now()]);
  }

  /** New workers take the place of the old ones, one after the other. Their code has other crons, and sets others when it starts. */
  async deploy(): Promise<void> {
    const { arena } = this.stage;
    // a release leaves out what is left of the one before
    await this.ranAtRelease();
    this.deployments += 1;
    const settled = await this.park.settled(this.deployments);
    const from = await arena.clock.now();
    const changes = this.park.planned(CHANGES);
    for (const [at, worker] of this.workers.entries()) {
      await this.replace(at, { CHANGES: JSON.stringify(changes) });
      worker.signal('SIGTERM');
      await worker.ended();
    }
    this.bounded.deployed(this.deployments);
    arena.open(`deployed ${this.deployments}`);
    const span = [from, await arena.clock.now()] as const;
    await this.park.declared(this.deployments, settled, span);
    await this.park.changed(changes, settled, span);
  }

  /** Everything that is due has been fired. */
  async recovered(): Promise<void> {
    await this.stage.arena.until('crons that are due have been fired', () => this.park.isUpToDate(), PATIENCE_MS);
  }

  async end(): Promise<void> {
    const { arena } = this.stage;
    arena.proxy.rule = () => false;
    await this.ranAtRelease();
    await arena.until('the limits are reached', () => this.bounded.areOver(), PATIENCE_MS);
    const until = await arena.clock.now();
    await arena.until('all that is due has been fired', () => this.park.isUpToDate(until), PATIENCE_MS);
    await this.park.stop(until);
    await arena.drained(PATIENCE_MS);
  }

  private ranAtRelease(): Promise<void> {
    return this.stage.arena.until('the release had its runs', () => this.bounded.hasRunAtRelease(), PATIENCE_MS);
  }

  private async replace(at: number, environment: Readonly<Record<string, string>> = {}): Promise<void> {
    this.workers[at] = this.worker(environment);
    await this.stage.arena.booted(this.workers[at], WORKER.children);
  }

  private worker(environment: Readonly<Record<string, string>> = {}): WorkerProcess {
    return this.stage.arena.worker(WORKER, {
      ...{ WORKER_FILE: 'cron-worker.js', DEPLOYMENT: String(this.deployments) },
      ...environment,
    });
  }

  /** Those that do not make up for missed runs may miss some. */
  private async outage(fault: () => Promise<void>): Promise<void> {
    const { arena } = this.stage;
    const after = (await arena.clock.now()) - 1;
    await fault();
    await this.recovered();
    this.outages.push({ era: this.park.duties.era, after, until: await arena.clock.now() });
  }
}
