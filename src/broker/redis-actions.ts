import { pairsOf } from '../values/pairs.js';
import { printable } from '../values/printable.js';
import { ACTIONS, type Action, type ActionName, type ActionPort, type RecordedAction } from './port/action-port.js';
import type { ForeignValues } from './redis/foreign-values.js';
import type { RedisConnection } from './redis/redis-connection.js';
import { unlessWrongType } from './redis/redis-errors.js';

const KEPT = 1_000;
/** A filter can be longer than anybody reads. */
const MOST_OF_A_SUBJECT = 256;

/** The record of actions: a stream that is cut at each entry. A repeated command may leave two entries for one action. */
export class RedisActions implements ActionPort {
  constructor(
    private readonly connection: RedisConnection,
    private readonly foreign: ForeignValues,
    private readonly warn: (warning: string) => void = () => {},
  ) {}

  async record({ action, subject, count, by = '', details }: Action): Promise<void> {
    const fields = ['action', action, 'subject', printable(subject, MOST_OF_A_SUBJECT), 'count', count, 'by', by];
    if (details !== undefined) fields.push('details', printable(details, MOST_OF_A_SUBJECT));
    try {
      await this.connection.command((redis, keys) => redis.xadd(keys.actions(), 'MAXLEN', KEPT, '*', ...fields));
    } catch (error) {
      this.warn(`The action ${action} was carried out, but it is not in the record of actions: ${reasonOf(error)}`);
    }
  }

  async latest(limit: number): Promise<RecordedAction[]> {
    const entries = await this.connection.command((redis, keys) =>
      redis.xrevrange(keys.actions(), '+', '-', 'COUNT', limit).catch((error: Error) => this.ofWrongType(error)),
    );
    return entries.flatMap(([id, fields]) => this.parse(id, fields) ?? []);
  }

  private parse(id: string, fields: readonly string[]): RecordedAction | undefined {
    const values = new Map(pairsOf(fields));
    const [action = '', subject, count, by] = ['action', 'subject', 'count', 'by'].map((name) => values.get(name));
    if (!isAction(action) || subject === undefined || !/^\d{1,15}$/.test(count ?? '')) {
      this.foreign.found(`The entry ${id} of ${this.connection.keys.actions()}`, fields.join(' '));
      return undefined;
    }
    const details = values.get('details');
    return { id, at: Number.parseInt(id, 10), action, subject, count: Number(count), by: by || undefined, details };
  }

  /** A key of somebody else records nothing. */
  private ofWrongType(error: Error): [] {
    unlessWrongType(error);
    this.foreign.found(this.connection.keys.actions(), 'no stream');
    return [];
  }
}

/** The answer of Redis, if there was one: the error around it is about a command that was to change something else. */
function reasonOf(error: unknown): string {
  const { cause = error } = error as { readonly cause?: unknown };
  const [why = ''] = String(cause instanceof Error ? cause.message : cause).split('\n');
  return printable(why);
}

function isAction(action: string): action is ActionName {
  return ACTIONS.some((one) => one === action);
}
