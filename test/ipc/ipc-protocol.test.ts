import { parseChildMessage, parseSupervisorMessage, type StartOrder } from '../../src/ipc/ipc-protocol.js';

const SETTINGS = {
  redis: 'redis://127.0.0.1:6379',
  namespace: 'nestwork',
  commandTimeoutMs: 5_000,
  queues: ['critical', 'default'],
};
const READY = { type: 'ready', settings: SETTINGS, catalog: [{ name: 'Some.task', queue: 'default' }] };
const CRON = { missed: 'latest', thresholdMs: 0, overlap: 'allow', disabled: false, schedule: { everyMs: 1_000 } };
const WITH_CRON = { name: 'Some.cron', queue: 'default', crons: [{ ...CRON, name: 'Some.cron', payload: '[7]' }] };
const LIMIT = { name: 'queue mail', concurrency: 5, keyed: false, ordered: false, queue: 'mail' };
const LIMITED = {
  ...{ name: 'Some.limited', queue: 'mail', limits: [{ name: 'stripe', keyed: true }], fair: true },
  priority: { value: 3, ageMs: 60_000 },
};
const START = {
  type: 'start',
  session: 's-30000',
  child: 's-30000.1',
  queues: ['default'],
  concurrency: 1,
  maxTasks: 0,
  capacity: 2,
  metrics: true,
} satisfies StartOrder;

type Parse = (value: unknown) => unknown;
type Message = Readonly<Record<string, unknown>>;

const messages: [string, Parse, Message][] = [
  ['ready', parseChildMessage, READY],
  [
    'ready with a broadcast',
    parseChildMessage,
    { ...READY, catalog: [{ name: 'Some.cache', queue: '(broadcast)', broadcast: 'machine' }] },
  ],
  ['ready without tasks', parseChildMessage, { ...READY, catalog: [] }],
  ['ready with a cron', parseChildMessage, { ...READY, catalog: [WITH_CRON] }],
  ['ready with ioredis options', parseChildMessage, { ...READY, settings: { ...SETTINGS, redis: { port: 7 } } }],
  [
    'ready with limits for the dead',
    parseChildMessage,
    { ...READY, settings: { ...SETTINGS, deadRetentionMs: 1_000, maxDead: 5 } },
  ],
  [
    'ready with limits of tasks and queues',
    parseChildMessage,
    { ...READY, settings: { ...SETTINGS, limits: [LIMIT] }, catalog: [LIMITED] },
  ],
  ['worn', parseChildMessage, { type: 'worn' }],
  ['bootFailed', parseChildMessage, { type: 'bootFailed', error: 'Error: no' }],
  ['leaseLost', parseChildMessage, { type: 'leaseLost', session: 's-30000' }],
  ['broadcastEnded', parseChildMessage, { type: 'broadcastEnded', id: '5-0', error: '', durationMs: 3 }],
  ['start', parseSupervisorMessage, START],
  ['broadcast', parseSupervisorMessage, { type: 'broadcast', id: '5-0', message: 'k3v9' }],
  ['stop', parseSupervisorMessage, { type: 'stop' }],
  ['abort', parseSupervisorMessage, { type: 'abort' }],
];

function malformed(about: string): Error {
  return expect.objectContaining({ code: 'MALFORMED_IPC', message: expect.stringContaining(about) }) as Error;
}

it.each(messages)('takes %s unchanged', (_name, parse, message) => {
  expect(parse(message)).toBe(message);
});

const fields = messages
  .filter(([name, , { type }]) => name === type)
  .flatMap(([name, parse, message]) => {
    const names = Object.keys(message).filter((field) => field !== 'type');
    return names.map((field): [string, string, Parse, Message] => [name, field, parse, message]);
  });

describe.each(fields)('%s without a valid `%s` is refused by name', (_name, field, parse, message) => {
  it('missing', () => {
    const { [field]: _, ...rest } = message;
    expect(() => parse(rest)).toThrow(malformed(`"${message.type}" message`));
    expect(() => parse(rest)).toThrow(malformed(`\`${field}`));
  });

  const others = [null, undefined, true, 7n].filter((value) => kindOf(value) !== kindOf(message[field]));

  it.each(others)('%p', (value) => {
    expect(() => parse({ ...message, [field]: value })).toThrow(malformed(`\`${field}`));
  });

  it('of another type', () => {
    for (const value of ['text', 7, { a: 1 }, [1]]) {
      if (kindOf(value) === kindOf(message[field])) continue;
      expect(() => parse({ ...message, [field]: value })).toThrow(malformed(`\`${field}`));
    }
  });
});

describe('nested values are checked, too', () => {
  it.each<[string, Parse, Message]>([
    ['settings', parseChildMessage, { ...READY, settings: {} }],
    ['deadRetentionMs', parseChildMessage, { ...READY, settings: { ...SETTINGS, deadRetentionMs: '1h' } }],
    ['maxDead', parseChildMessage, { ...READY, settings: { ...SETTINGS, maxDead: null } }],
    ...Object.keys(SETTINGS).flatMap((field): [string, Parse, Message][] => {
      const { [field]: _, ...rest } = SETTINGS as Record<string, unknown>;
      return [
        [field, parseChildMessage, { ...READY, settings: rest }],
        [field, parseChildMessage, { ...READY, settings: { ...SETTINGS, [field]: true } }],
      ];
    }),
    ['queues', parseChildMessage, { ...READY, settings: { ...SETTINGS, queues: [7] } }],
    ['catalog', parseChildMessage, { ...READY, catalog: [null] }],
    ['catalog', parseChildMessage, { ...READY, catalog: [{ name: 'Some.task' }] }],
    ['catalog', parseChildMessage, { ...READY, catalog: [{ name: 7, queue: 'default' }] }],
    ...[{ missed: 'some' }, { thresholdMs: '7' }, { overlap: '' }, { disabled: 0 }, { schedule: { everyMs: 0 } }].map(
      (wrong): [string, Parse, Message] => [
        'catalog',
        parseChildMessage,
        { ...READY, catalog: [{ ...WITH_CRON, crons: [{ ...CRON, name: 'Some.cron', ...wrong }] }] },
      ],
    ),
    ['catalog', parseChildMessage, { ...READY, catalog: [{ name: 'a', queue: '(broadcast)', broadcast: 'all' }] }],
    ['limits', parseChildMessage, { ...READY, settings: { ...SETTINGS, limits: [{ ...LIMIT, keyed: 1 }] } }],
    ...[{ limits: ['stripe'] }, { fair: 'yes' }, { priority: 3 }].map((wrong): [string, Parse, Message] => [
      ...(['catalog', parseChildMessage] as const),
      { ...READY, catalog: [{ ...LIMITED, ...wrong }] },
    ]),
    [
      'catalog',
      parseChildMessage,
      {
        ...READY,
        catalog: [{ ...WITH_CRON, crons: [{ ...CRON, name: 'Some.cron', start: { tags: '', labels: [] } }] }],
      },
    ],
    ['queues', parseSupervisorMessage, { ...START, queues: [7] }],
    ['concurrency', parseSupervisorMessage, { ...START, concurrency: Number.NaN }],
    ['capacity', parseSupervisorMessage, { ...START, capacity: Number.NaN }],
    ['metrics', parseSupervisorMessage, { ...START, metrics: 1 }],
  ])('%s', (field, parse, message) => {
    expect(() => parse(message)).toThrow(malformed(field));
  });
});

describe('a value that is no message of the other side is refused', () => {
  const foreign = [
    undefined,
    null,
    'ready',
    7,
    [],
    {},
    { type: undefined },
    { type: 'hello' },
    { type: 'toString' },
    { type: '__proto__' },
    { type: ['ready'] },
    { type: 7n },
    // process managers have their own protocols
    { type: 'process:msg', data: {} },
  ];
  it.each(foreign)('%p', (value) => {
    expect(() => parseChildMessage(value)).toThrow(malformed('from a child'));
    expect(() => parseSupervisorMessage(value)).toThrow(malformed('from the supervisor'));
  });

  it.each(messages)('a %s on its way back', (_name, parse, message) => {
    const other = parse === parseChildMessage ? parseSupervisorMessage : parseChildMessage;
    expect(() => other(message)).toThrow(malformed('unknown type'));
    expect(() => other(message)).toThrow(malformed(String(message.type)));
  });
});

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value;
}
