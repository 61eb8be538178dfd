import type { NestworkError } from '../../../errors.js';
import type { Inspector } from '../../../inspector/inspector.js';
import type { LimitChanged, LimitKeyReport, LimitReport } from '../../../inspector/limits/limit-report.js';
import {
  allowanceText,
  amountsText,
  declaredText,
  usedOfKey,
  usedText,
  waitingText,
} from '../../../inspector/limits/limit-text.js';
import { queueOfLimit } from '../../../message/limit-tag.js';
import { LimitKeys } from '../../arguments/limit-keys.js';
import { optionalTextIn, textIn } from '../../http/input.js';
import { Refused } from '../../http/refused.js';
import type { Call } from '../../http/route.js';
import type { KeyLine, KeysPage, LimitLine, LimitsPage, SetView, Standing } from './wire.js';

const LINES = 50;

export async function readLimits({ inspector, live, query }: Call): Promise<LimitsPage> {
  const options = pageIn(query);
  const { limits, cursor } = await live.shared.read(['limits', options], () => inspector.limits.list(options));
  return { limits: limits.map(lineOf), cursor };
}

export async function readLimit(call: Call): Promise<LimitLine> {
  return lineOf(await limitOf(call, textIn(call.query, 'name')));
}

/** A limit, a moment old at most; of a queue that has none, what may be set for it. @throws NestworkError UNKNOWN_LIMIT */
export function limitOf({ inspector, live }: Call, name: string): Promise<LimitReport> {
  return live.shared.read(['limit', name], () => limitOrNone(inspector, name));
}

async function limitOrNone({ limits }: Inspector, name: string): Promise<LimitReport> {
  try {
    return await limits.get(name);
  } catch (error) {
    if ((error as NestworkError).code !== 'UNKNOWN_LIMIT') throw error;
    return noneOf(await limits.changeable(name));
  }
}

function noneOf({ name, keyed, ordered }: Pick<LimitReport, 'name' | 'keyed' | 'ordered'>): LimitReport {
  return {
    ...{ name, queue: queueOfLimit(name), keyed, ordered, ownKeys: 0, declared: undefined, override: undefined },
    ...{ concurrency: undefined, rate: undefined, burst: undefined, opensAt: undefined, stoppedUntil: undefined },
    ...{ used: 0, keysInUse: undefined, waitingLines: 0, waitingTasks: 0 },
  };
}

/** Whether it counts nothing: a queue may have a limit, and has none. */
function isNone({ queue, declared, override }: LimitReport): boolean {
  return queue !== undefined && !declared && !override;
}

export async function readKeys(call: Call): Promise<KeysPage> {
  const { inspector, live, query } = call;
  const [name, options] = [textIn(query, 'name'), pageIn(query)];
  const page = await live.shared.read(['limit keys', name, options], () => inspector.limits.keys(name, options));
  const seen = new LimitKeys(call.rights, call.redaction);
  return { keys: await Promise.all(page.keys.map((key) => keyLineOf(seen, name, key))), cursor: page.cursor };
}

/** A key that somebody asks for in clear: an answer would say of a key that is hidden whether it is in use. */
export async function readKey(call: Call): Promise<KeyLine> {
  const { inspector, live, query } = call;
  const [name, key] = [textIn(query, 'name'), textIn(query, 'key')];
  const seen = new LimitKeys(call.rights, call.redaction);
  if (!(await seen.mayShow(name))) throw Refused.right('arguments', call.by);
  if (await seen.hides(name, key)) throw new Refused(400, 'HIDDEN', 'The option `redact` hides keys of this limit.');
  const report = await live.shared.read(['limit key', name, key], () => inspector.limits.key(name, key));
  return keyLineOf(seen, name, { ...report, key });
}

function pageIn(query: URLSearchParams): { readonly limit: number; readonly cursor?: string } {
  const cursor = optionalTextIn(query, 'cursor');
  return { limit: LINES, ...(cursor !== undefined && { cursor }) };
}

function lineOf(limit: LimitReport): LimitLine {
  const { name, queue, keyed, ordered, ownKeys } = limit;
  return {
    ...{ name, queue, keyed, ordered, ownKeys, ...standingOf(limit) },
    declared: declaredText(limit),
    used: isNone(limit) ? 'not counted' : usedText(limit),
  };
}

async function keyLineOf(seen: LimitKeys, limit: string, report: LimitKeyReport): Promise<KeyLine> {
  const { key, digest } = report;
  const why = key === undefined ? 'Redis no longer has this key in clear.' : await seen.hides(limit, key);
  return {
    ...{ ...standingOf(report), key: why === undefined ? key : undefined, why, digest },
    used: usedOfKey(report),
  };
}

function standingOf(of: LimitReport | LimitKeyReport): Omit<Standing, 'used'> {
  const { concurrency, override, waitingLines, waitingTasks, opensAt, stoppedUntil } = of;
  return {
    allows: allowanceText(of),
    stops: concurrency === 0,
    set: override && setViewOf(override),
    waiting: waitingLines + (waitingTasks ?? 0) > 0 ? waitingText(of) : undefined,
    opensAt: opensAt?.toISOString(),
    stoppedUntil: stoppedUntil?.toISOString(),
  };
}

function setViewOf(override: LimitChanged): SetView {
  const { since, until, by } = override;
  return { amounts: amountsText(override), since: since.toISOString(), until: until?.toISOString(), by };
}
