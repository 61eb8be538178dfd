/** The guards of lua/outbox/, see guards.mjs. */
import { change, missedBy, remove } from './guard-forms.mjs';

const RELAY = missedBy(
  'outbox-relay',
  change('a command that is not too late', 'if now - tonumber(started_ms) > MOST_LATE then', 'if false then'),
  change(
    'the removed, where they are no foreign key',
    "local wrong = has_keys and wrong_type('zset', keys.removed) or",
    'local wrong =',
  ),
  change('keys that are not asked for in vain', 'local wrong = has_keys and wrong_type', 'local wrong = wrong_type'),
  change('lists that are no foreign key', ' or wrong_targets(queues)\n', '\n'),
  remove('limits that are no foreign key', 'wrong = wrong_lines_of(keys, queues, involved)\n'),
  change(
    'the right to take marks back',
    "redis.call('ZREM', keys.relayed, unpack(its_ids))\n  redis.call('ZADD', keys.relayed, unpack(marks))",
    "redis.call('ZADD', keys.relayed, unpack(marks))",
  ),
  change(
    'marks that are taken back',
    "  if not added then\n    redis.call('ZREM', keys.relayed, unpack(its_ids))\n",
    '  if not added then\n',
  ),
  remove('bits that are taken back', "      redis.call('SETBIT', bitmaps[i], bits[i], 0)\n"),
  remove('an expiry of the bits', "        redis.call('EXPIRE', last, seconds)\n"),
  change('a row that is not marked', 'if marks_of_ids[i] or met', 'if met'),
  change('an id that no earlier row has', 'or met[ids[i]]', ''),
  change('an id that was not seen', "or redis.call('GETBIT', bitmaps[i], bits[i]) == 1 then", 'then'),
  change('the order of the rows', '      add_waiting(i - 1)\n', ''),
  change('a key that is free', "if held and conflicts[i] ~= 'replace' then", 'if false then'),
  change('a key that may be taken over', "if held and conflicts[i] ~= 'replace' then", 'if held then'),
  change('a queue for due tasks', 'and dues[i] <= now then', 'and dues[i] == 0 then'),
  change('an answer for the rows that are done', 'if not done and handled == 0 then', 'if not done then'),
);

const TURN = missedBy(
  'outbox-relay',
  change('a turn of another relay', 'if current and current ~= relay then', 'if false then'),
  change('a turn of its own', 'if current and current ~= relay then', 'if current then'),
  change('a turn that is given back', 'if tonumber(for_ms) > 0 then', 'if true then'),
);

const NOTES = missedBy(
  'outbox-relay',
  change('the former id of a table', 'if former ~= outbox then', 'if false then'),
  change(
    'notes of others that are fresh',
    'if not noted_at or now - noted_at >',
    'if not noted_at or now - noted_at > 0 *',
  ),
  change('notes that are old', ' or now - noted_at > LASTS_S * 1000', ''),
  change('what is no note', 'if not noted_at or now', 'if noted_at and now'),
  remove('an end of all notes', "redis.call('EXPIRE', outboxes, LASTS_S)\n"),
);

export const OF_OUTBOX = { relay: RELAY, 'take-relay': TURN, 'note-outbox': NOTES };
