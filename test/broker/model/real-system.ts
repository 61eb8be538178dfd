import type {
  ChildExit,
  Claimant,
  ClaimedTask,
  ClaimReply,
  ClaimRequest,
  Death,
  Due,
  KeyHolder,
  Redrive,
  Retry,
  SessionDescription,
  Settlement,
  UniqueOptions,
} from '../../../src/broker/port/broker.js';
import { RedisBroker } from '../../../src/broker/redis-broker.js';
import { BrokerFixture } from '../../support/broker-fixture.js';
import { checkInvariants } from '../../support/invariants.js';
import { mapped, snapshot, type Time } from '../../support/snapshot.js';
import { QUEUES } from './choices.js';
import { atForetoldTime } from './messages.js';
import { HOUR_MS, hoursLeft, type ModelPause, type State, type System } from './system.js';

const NAMESPACE = '{nestwork}:';

/**
 * Moves just written tasks to times that the model can predict, after a check that their times were right.
 *
 * ARGV: 1 when the run began, 2 an hour, both in ms, 3 when the command began. Due times become full hours since the beginning;
 * a message gets the time that its last line foretells.
 */
const AT_FORETOLD_TIMES = `
local base, hour, before = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function foretold(message, due)
  local expected, written = string.match(message, '"time":"(%w+)"}$'), string.sub(message, 26, 34)
  if not expected or written == expected then
    return message
  end
  local ms = tonumber(written, 36)
  assert(not due or ms == due, 'The message says another time than its score')
  assert((ms - before) % hour <= now - before, 'The message says a wrong time')
  return string.sub(message, 1, 25) .. expected .. string.sub(message, 35)
end
for i = 1, #KEYS - 1, 3 do
  local scheduled = redis.call('ZRANGE', KEYS[i], 0, -1, 'WITHSCORES')
  for j = 1, #scheduled, 2 do
    local due = tonumber(scheduled[j + 1])
    local rounded, message = base + math.floor((due - base) / hour) * hour, foretold(scheduled[j], due)
    if rounded ~= due or message ~= scheduled[j] then
      redis.call('ZREM', KEYS[i], scheduled[j])
      redis.call('ZADD', KEYS[i], string.format('%.0f', rounded), message)
    end
  end
  for _, list in ipairs({ KEYS[i + 1], KEYS[i + 2] }) do
    for index, message in ipairs(redis.call('LRANGE', list, 0, -1)) do
      redis.call('LSET', list, index - 1, foretold(message))
    end
  end
end
local unique = redis.call('HGETALL', KEYS[#KEYS])
for i = 1, #unique, 2 do
  local queue, message = string.match(unique[i + 1], '^(%S+) (.*)$')
  redis.call('HSET', KEYS[#KEYS], unique[i], queue .. ' ' .. foretold(message))
end`;

/** ARGV: by how many ms scheduled tasks, and the beginnings and ends of pauses, come nearer. The last of KEYS is that of the pauses. */
const LET_TIME_PASS = `
local function earlier(time)
  return time == '0' and time or string.format('%.0f', time - ARGV[1])
end
local pauses = table.remove(KEYS)
for _, queue in ipairs(redis.call('HKEYS', pauses)) do
  local pause = redis.call('HGET', pauses, queue)
  pause = string.gsub(pause, '^%d+', earlier)
  pause = string.gsub(pause, '("since":)(%d+)', function(name, time) return name .. earlier(time) end)
  redis.call('HSET', pauses, queue, pause)
end
for _, key in ipairs(KEYS) do
  local scheduled = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for j = 1, #scheduled, 2 do
    redis.call('ZADD', key, string.format('%.0f', scheduled[j + 1] - ARGV[1]), scheduled[j])
  end
end`;

const SCHEDULES = QUEUES.map((queue) => `${NAMESPACE}scheduled:${queue}`);
const TIMED = [
  ...QUEUES.flatMap((queue) => ['scheduled', 'queue', 'suspects'].map((kind) => `${NAMESPACE}${kind}:${queue}`)),
  `${NAMESPACE}unique`,
];

/** The broker on a Redis of its own, with the means to bring misfortune on it. */
export class RealSystem extends RedisBroker implements System {
  private beganAt = 0;

  private constructor(private readonly fixture: BrokerFixture) {
    super({ redis: fixture.settings, namespace: 'nestwork', queues: QUEUES, commandTimeoutMs: 5_000 });
  }

  static async start(): Promise<RealSystem> {
    return new RealSystem(await BrokerFixture.start());
  }

  async stop(): Promise<void> {
    await this.close();
    await this.fixture.stop();
  }

  async clear(): Promise<void> {
    await this.fixture.redis.flushall();
    this.beganAt = await this.now();
  }

  checkInvariants(): Promise<void> {
    return checkInvariants(this.fixture.redis);
  }

  /** Its messages have a tag of a version to come. */
  override async openSession(description: SessionDescription): Promise<void> {
    await super.openSession(description);
    await this.fixture.redis.hset(`${NAMESPACE}session:${description.session}`, '@reads', 'fsz');
  }

  /** The mark of a drainer expires; here that is a command of its own. */
  override async claim(claimant: Claimant, request: ClaimRequest): Promise<ClaimReply> {
    const reply = await super.claim(claimant, request);
    await this.fixture.redis.persist(`${NAMESPACE}drain`);
    return reply;
  }

  override async overdue(leaseMs: number): Promise<{ sessions: string[]; nextInMs: number | undefined }> {
    const { sessions, nextInMs } = await super.overdue(leaseMs);
    return { sessions, nextInMs: nextInMs === undefined ? undefined : hoursLeft(nextInMs) * HOUR_MS };
  }

  override enqueue(queue: string, messages: readonly string[], due?: Due): Promise<number> {
    return this.atForetoldTimes(() => super.enqueue(queue, messages, due && this.since(due)));
  }

  override enqueueUnique(queue: string, message: string, { due, replace }: UniqueOptions): Promise<KeyHolder> {
    return this.atForetoldTimes(() => super.enqueueUnique(queue, message, { due: due && this.since(due), replace }));
  }

  override retry(claimant: Claimant, task: Pick<ClaimedTask, 'id' | 'queue'>, retry: Retry): Promise<boolean> {
    return this.atForetoldTimes(() => super.retry(claimant, task, retry));
  }

  override settle(claimant: Claimant, childExit: ChildExit): Promise<Settlement> {
    return this.atForetoldTimes(() => super.settle(claimant, childExit));
  }

  override async promote(limit: number): Promise<{ moved: number; nextInMs: number | undefined }> {
    const { moved, nextInMs } = await super.promote(limit);
    return { moved, nextInMs: nextInMs === undefined ? undefined : hoursLeft(nextInMs) * HOUR_MS };
  }

  async letTimePass(hours: number): Promise<void> {
    const keys = [...SCHEDULES, `${NAMESPACE}pauses`];
    await this.fixture.redis.eval(LET_TIME_PASS, keys.length, ...keys, hours * HOUR_MS);
  }

  async redriveDead(queue: string, ids: readonly string[], stale: boolean): Promise<Redrive[]> {
    const answers = await this.deadLetters.redrive(queue, await this.deaths(queue, ids, stale));
    const key = `${NAMESPACE}queue:${queue}`;
    for (const [index, message] of (await this.fixture.redis.lrange(key, 0, -1)).entries()) {
      await this.fixture.redis.lset(key, index, atForetoldTime(message));
    }
    const unique = `${NAMESPACE}unique`;
    for (const [digest, holder] of Object.entries(await this.fixture.redis.hgetall(unique))) {
      const at = holder.indexOf(' ') + 1;
      await this.fixture.redis.hset(unique, digest, holder.slice(0, at) + atForetoldTime(holder.slice(at)));
    }
    return answers;
  }

  async deleteDead(queue: string, ids: readonly string[], stale: boolean): Promise<number> {
    return this.deadLetters.remove(queue, await this.deaths(queue, ids, stale));
  }

  async pauseQueue(queue: string, hours: number | undefined, by: string): Promise<ModelPause> {
    const forMs = hours === undefined ? undefined : hours * HOUR_MS;
    const { since, until, ...pause } = await this.pauses.pause(queue, { forMs, by, reason: undefined });
    return inHours({ since, until: until ?? 0, by: pause.by }, await this.now());
  }

  resumeQueue(queue: string): Promise<boolean> {
    return this.pauses.resume(queue);
  }

  async expireLease(session: string): Promise<void> {
    const now = await this.now();
    if ((await this.fixture.redis.zscore(`${NAMESPACE}sessions`, session)) === null) return;
    await this.fixture.redis.zadd(`${NAMESPACE}sessions`, now - 1, session);
    await this.fixture.redis.set(`${NAMESPACE}pulse`, now);
  }

  async forgetDrainer(): Promise<void> {
    await this.fixture.redis.del(`${NAMESPACE}drain`);
  }

  async missPulse(gapMs: number): Promise<void> {
    await this.fixture.redis.set(`${NAMESPACE}pulse`, (await this.now()) - gapMs);
  }

  async flushScripts(): Promise<void> {
    await this.fixture.redis.script('FLUSH');
  }

  async pushForeign(queue: string, bytes: string): Promise<void> {
    const bell = `${NAMESPACE}bell:${queue}`;
    await this.fixture.redis.multi().rpush(`${NAMESPACE}queue:${queue}`, bytes).del(bell).rpush(bell, '1').exec();
  }

  async state(): Promise<State> {
    const [time, keys] = await snapshot(this.fixture.redis);
    const left = (deadline: string): number => hoursLeft(Number(deadline) - inMs(time));
    const state: State = {};
    for (const [key, kind, value] of keys) {
      const name = key.startsWith(NAMESPACE) ? key.slice(NAMESPACE.length) : key;
      if (/^(seen:|pulse$|format$|endings$)/.test(name)) continue;
      if (name === 'sessions') state[name] = mapped(value, left);
      else if (name === 'pauses') state[name] = mapped(value, (pause) => storedPause(pause, inMs(time)));
      else if (name.startsWith('scheduled:'))
        state[name] = mapped(value, (due) => (Number(due) - this.beganAt) / HOUR_MS);
      else if (kind === 'zset') state[name] = Object.keys(mapped(value, Number)).sort();
      else state[name] = kind === 'hash' ? mapped(value, String) : value;
    }
    return state;
  }

  private async atForetoldTimes<T>(run: () => Promise<T>): Promise<T> {
    // a clock that Redis shares
    const before = Date.now();
    const answer = await run();
    await this.fixture.redis.eval(AT_FORETOLD_TIMES, TIMED.length, ...TIMED, this.beganAt, HOUR_MS, before);
    return answer;
  }

  private since(due: Due): Due {
    return 'in' in due ? due : { at: this.beganAt + due.at };
  }

  /** Their deaths in this queue; stale ones a moment too early. */
  private deaths(queue: string, ids: readonly string[], stale: boolean): Promise<Death[]> {
    return Promise.all(
      ids.map(async (id) => {
        const diedAt = Number((await this.fixture.redis.zscore(`${NAMESPACE}dead:${queue}`, id)) ?? 1);
        return { id, diedAt: stale ? diedAt - 1 : diedAt };
      }),
    );
  }

  private async now(): Promise<number> {
    return inMs((await this.fixture.redis.time()).map(String) as Time);
  }
}

function storedPause(stored: string, now: number): ModelPause {
  const [, until, json] = /^(\d+) (.*)$/.exec(stored) ?? [];
  const { since, by } = JSON.parse(json ?? '') as { since: number; by: string };
  return inHours({ since, until: Number(until), by }, now);
}

function inHours({ since, until, by }: { since: number; until: number; by: string }, now: number): ModelPause {
  return { age: Math.floor((now - since) / HOUR_MS), left: until === 0 ? undefined : hoursLeft(until - now), by };
}

function inMs([seconds, microseconds]: Time): number {
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}
