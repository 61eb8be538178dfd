import { advance, type StreamFacts, type StreamSlice } from '../../src/broker/stream-gap.js';

const FROM = { id: '5-0', ordinal: 5 };
const after = '5-0';

const read = (lastId: string, added: number, length: number, ids: string[], complete = true) =>
  [
    { lastId, added, length },
    { ids, complete },
  ] as const;

it.each<[string, readonly [StreamFacts, StreamSlice], unknown, unknown]>([
  ['nothing new', read('5-0', 5, 5, []), { id: '5-0', ordinal: 5 }, undefined],
  ['all that was added', read('7-0', 7, 7, ['6-0', '7-0']), { id: '7-0', ordinal: 7 }, undefined],
  ['all, and older ones were trimmed', read('7-0', 7, 2, ['6-0', '7-0']), { id: '7-0', ordinal: 7 }, undefined],
  [
    'trimmed up to the first that is left',
    read('9-0', 9, 2, ['8-0', '9-0']),
    { id: '9-0', ordinal: 9 },
    { reason: 'trimmed', missed: 2, after },
  ],
  ['trimmed to the end', read('9-0', 9, 0, []), { id: '9-0', ordinal: 9 }, { reason: 'trimmed', missed: 4, after }],
  ['the first part of more', read('9-0', 9, 9, ['6-0', '7-0'], false), { id: '7-0', ordinal: 7 }, undefined],
  [
    'the first part, behind a gap',
    read('99-0', 99, 90, ['10-0', '11-0'], false),
    { id: '11-0', ordinal: 11 },
    { reason: 'trimmed', missed: 4, after },
  ],
  ['an empty Redis', read('0-0', 0, 0, []), { id: '0-0', ordinal: 0 }, { reason: 'rewound', missed: undefined, after }],
  [
    'older data, not looked at before the stream went on',
    read('9-0', 3, 3, ['9-0']),
    { id: '9-0', ordinal: 3 },
    { reason: 'rewound', missed: undefined, after },
  ],
  [
    'a new stream that has outgrown the old one',
    read('20-0', 6, 6, ['15-0', '16-0', '17-0', '18-0', '19-0', '20-0']),
    { id: '20-0', ordinal: 6 },
    { reason: 'rewound', missed: undefined, after },
  ],
])('%s', (_what, [facts, slice], position, gap) => {
  expect(advance(FROM, facts, slice)).toEqual({ position, gap });
});

it('ids are compared as numbers of 64 bits', () => {
  const from = { id: '1700000000000-18446744073709551615', ordinal: 5 };
  const facts = { lastId: '1700000000001-0', added: 6, length: 6 };
  expect(advance(from, facts, { ids: ['1700000000001-0'], complete: true }).gap).toBeUndefined();
  const older = { lastId: '1700000000000-9', added: 5, length: 5 };
  expect(advance(from, older, { ids: [], complete: true }).gap?.reason).toBe('rewound');
});
