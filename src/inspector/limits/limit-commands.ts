import { paceOf, type Rate } from '../../policy/rate.js';
import { type CommandGroup, command, type OptionSpec } from '../../terminal/command.js';
import { duration, flag, text, whole } from '../../terminal/usage.js';
import { printable } from '../../values/printable.js';
import type { InspectorContext } from '../inspector-context.js';
import type { LimitScope } from './limit-options.js';
import type { LimitKeyReport, LimitReport } from './limit-report.js';
import {
  allowanceText,
  changedText,
  describedKey,
  describedLimit,
  keyText,
  kindText,
  resetText,
  setText,
  usedOfKey,
  usedText,
  waitingShort,
} from './limit-text.js';
import { assertChange, assertOrdered, assertPage, assertScope, assertShown } from './limit-usage.js';

const MOST = 1_000_000;
const NONE = 'none';

const COLUMNS = [
  { title: 'LIMIT', of: ({ name }: LimitReport) => name, shrinks: 12 },
  { title: 'FOR', of: kindText, dispensable: 3 },
  { title: 'ALLOWS', of: allowanceText, shrinks: 14 },
  { title: 'USED', of: usedText, align: 'right' as const },
  { title: 'WAITING', of: waitingShort, align: 'right' as const },
  { title: 'NEXT', of: ({ opensAt }: LimitReport) => opensAt, dispensable: 2 },
  { title: 'SET', of: ({ override }: LimitReport) => override && changedText(override), shrinks: 20, lines: 3 },
  { title: 'OWN KEYS', of: ({ ownKeys }: LimitReport) => ownKeys, align: 'right' as const, dispensable: 1 },
];

const KEY_COLUMNS = [
  { title: 'KEY', of: keyText, shrinks: 14 },
  { title: 'ALLOWS', of: allowanceText, shrinks: 14 },
  { title: 'USED', of: usedOfKey, align: 'right' as const },
  { title: 'WAITING', of: waitingShort, align: 'right' as const },
  { title: 'NEXT', of: ({ opensAt }: LimitKeyReport) => opensAt, dispensable: 2 },
  { title: 'STOPPED UNTIL', of: ({ stoppedUntil }: LimitKeyReport) => stoppedUntil, dispensable: 1 },
  { title: 'SET', of: ({ override }: LimitKeyReport) => override && changedText(override), shrinks: 20, lines: 3 },
];

const LIMIT = {
  limit: { summary: 'name of the limit; that of a queue is "queue <queue>"', completes: 'limits' },
} as const;
const SCOPE = {
  key: text('<key>', 'of one key'),
  allKeys: flag('of all keys that have nothing of their own'),
};
const PAGE = {
  limit: whole('<count>', 'at most so many (50)', 1, 1_000),
  cursor: text('<cursor>', 'go on where the page before ended'),
};

/** The commands about limits. */
export const limitCommands: CommandGroup<InspectorContext> = {
  name: 'limits',
  summary: 'look at limits; set and reset them while apps run',
  commands: [
    command({
      name: 'ls',
      summary: 'list the limits: what they allow, how much of it is used, how much waits, what is set',
      options: PAGE,
      run: async ({ inspector, out }: InspectorContext, _, options) => {
        const { limits, cursor } = await (await inspector()).limits.list(options);
        out.table(limits, COLUMNS, 'No limit was found.');
        if (cursor !== undefined) out.say(`There are more: --cursor ${cursor}`);
        return undefined;
      },
    }),
    command({
      name: 'show',
      summary: 'show one limit; with --keys the keys that are in use, with --key one of them',
      arguments: LIMIT,
      options: { key: text('<key>', 'show this key'), keys: flag('list the keys'), ...PAGE },
      run: async ({ inspector, out }: InspectorContext, { limit: name }, { key, keys = false, ...page }) => {
        const { limits } = await inspector();
        assertPage(keys, key, page);
        const report = await limits.get(name);
        assertShown(report, { key, keys });
        if (keys) {
          const { keys: listed, cursor } = await limits.keys(name, page);
          out.table(listed, KEY_COLUMNS, 'No key was found.');
          if (cursor !== undefined) out.say(`There are more: --cursor ${cursor}`);
        } else if (key !== undefined) {
          const ofKey = await limits.key(name, key);
          out.record(ofKey, () => describedKey(name, ofKey));
        } else {
          out.record(report, () => describedLimit(report));
        }
        return undefined;
      },
    }),
    command({
      name: 'set',
      summary: 'allow more or less than is declared, in the whole cluster; active tasks go on',
      arguments: LIMIT,
      options: {
        ...SCOPE,
        concurrency: orNone('<count>', 'so many at once; 0 starts none', (given) => wholeIn(given, '--concurrency')),
        rate: orNone('<rate>', 'so many starts in a time, such as 200/s', rateIn),
        burst: whole('<count>', 'with --rate: so many starts at once after a pause', 1, MOST),
        for: duration('<time>', 'as declared again after this time, such as 1d'),
      },
      run: async (
        { inspector, out, by }: InspectorContext,
        { limit: name },
        { for: time, concurrency, rate, ...change },
      ) => {
        const bounds = {
          ...(concurrency !== undefined && { concurrency: concurrency === NONE ? null : concurrency }),
          ...(rate !== undefined && { rate: rate === NONE ? null : rate }),
        };
        const options = { by, ...(time && { for: time }) };
        assertChange({ ...change, ...bounds, for: time });
        const { limits } = await inspector();
        const limit = await limits.changeable(name);
        assertScope(limit, change);
        assertOrdered(limit, bounds.concurrency);
        const scope = { ...change, isDeclared: limit.declared !== undefined };
        const set = await limits.set(name, { ...change, ...bounds }, options);
        out.record({ limit: name, ...set }, () => setText(scopeText(name, change), scope, set));
        return undefined;
      },
    }),
    command({
      name: 'reset',
      summary: 'end what was set, and the stop of a task: the limit is as declared again',
      arguments: LIMIT,
      options: SCOPE,
      run: async ({ inspector, out, by }: InspectorContext, { limit: name }, scope) => {
        const { limits } = await inspector();
        assertScope(await limits.changeable(name), scope);
        const reset = await limits.reset(name, { ...scope, by });
        const result = { limit: name, reset: reset !== undefined, ...reset };
        out.record(result, () => resetText(scopeText(name, scope), reset));
        return undefined;
      },
    }),
  ],
};

function scopeText(name: string, { key }: LimitScope): string {
  return key === undefined ? printable(name) : `${printable(name)} for ${printable(key)}`;
}

/** A value, or `none` for no bound. */
function orNone<T>(value: string, summary: string, read: (given: string) => T): OptionSpec<T | typeof NONE> {
  return {
    value,
    summary: `${summary}; ${NONE} for any number`,
    read: (given) => (given === NONE ? NONE : read(given)),
  };
}

function wholeIn(given: string, option: string): number {
  return whole('<count>', '', 0, MOST).read(given, option);
}

function rateIn(given: string): Rate {
  paceOf(given as Rate, '--rate');
  return given as Rate;
}
