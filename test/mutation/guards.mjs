/**
 * The guards of the scripts: what each is for, and the text without it.
 *
 * `find` is the text that holds the guard, word for word and only once in its script; `replace` is what a hand that
 * does not know better would have written. It must still be valid Lua.
 */

const LEASE_LOST = `  return redis.error_reply('LEASE_LOST child is not registered')
end
`;
const UNKNOWN_QUEUE = `    if not queues[queue] then
      return redis.error_reply('UNKNOWN_QUEUE ' .. queue)
    end
`;

const change = (guard, find, replace) => ({ guard, find, replace });
const remove = (guard, find) => change(guard, find, '');
const writeBefore = (guard, find, write) => change(guard, find, `${write}\n${find}`);

const registered = (check) => remove('only a registered child', `${check} then\n${LEASE_LOST}`);
const REGISTERED = registered("if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0");
const FULL_MEMORY = change('runs when memory is full', '#!lua flags=allow-oom', '#!lua');
const NEEDS_MEMORY = change('refuses when memory is full', '#!lua\n', '#!lua flags=allow-oom\n');
const NOTHING_FOREIGN_WITHIN = remove(
  'refuses foreign keys before it writes',
  '  if wrong then\n    return wrong\n  end\n',
);
const NOTHING_FOREIGN = remove('refuses foreign keys before it writes', 'if wrong then\n  return wrong\nend\n');
const forgives = (pulse, lease) =>
  change(
    'forgives a gap',
    `forgive_after_gap(KEYS[1], KEYS[${pulse}], now, tonumber(ARGV[${lease}]))`,
    `redis.call('SET', KEYS[${pulse}], text(now))`,
  );

const BY_SCRIPT = {
  ack: [
    change('only a registered child', "if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then", 'if false then'),
    remove('counts what comes too late', '  count_stale(KEYS[4], #ARGV - 1)\n'),
    NOTHING_FOREIGN,
    change(
      'counts only what the child holds',
      "return redis.call('HDEL', KEYS[2], unpack(ARGV, 2))",
      "redis.call('HDEL', KEYS[2], unpack(ARGV, 2))\nreturn #ARGV - 1",
    ),
    remove('frees the key', '    free_key(KEYS[3], select(2, split(held)))\n'),
    FULL_MEMORY,
  ],
  bury: [
    REGISTERED,
    NOTHING_FOREIGN,
    change('only what the child holds', 'if not held then\n  return 0\nend', "held = held or 'default ' .. ARGV[2]"),
    remove('frees the key', 'free_key(KEYS[3], message)\n'),
    change(
      'only the task that was claimed',
      "if ARGV[5] ~= '' and string.sub(message, 22, 34) ~= ARGV[5] then",
      'if false then',
    ),
    change('ends what was cancelled', 'if is_cancelled(KEYS[6], message) then', 'if false then'),
    change('counts and notes only an attempt', "if ARGV[4] ~= '' then", 'if true then'),
    change('counts the attempt', 'remembered(counted(message, 22, 23), ARGV[4])', 'remembered(message, ARGV[4])'),
    change('notes the attempt', 'remembered(counted(message, 22, 23), ARGV[4])', '(counted(message, 22, 23))'),
    change('ends the claim', "redis.call('HDEL', KEYS[2], ARGV[2])\nreturn 1", 'return 1'),
    FULL_MEMORY,
  ],
  claim: [
    change('only a registered child', 'if not last then', "last = last or '0'\nif false then"),
    remove('counts what comes too late', '  count_stale(KEYS[5], tonumber(ARGV[4]))\n'),
    remove('counts what is no longer held', 'count_stale(KEYS[5], acks - acked)\n'),
    NOTHING_FOREIGN,
    change('refuses a stale number', 'if number < last then', 'if false then'),
    writeBefore(
      'refuses a stale number before its acks',
      'if number < last then',
      "if acks > 0 and number < last then redis.call('HDEL', KEYS[2], unpack(ARGV, 5, 4 + acks)) end",
    ),
    change('gives the same again for a repeated number', 'if number == last then', 'if false then'),
    remove('remembers its number', "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])\n"),
    change('takes no more than it can hand out', 'math.min(tonumber(ARGV[3]), 1000)', 'tonumber(ARGV[3])'),
    remove('a suspect only for a claim of something', 'limit > 0 and '),
    remove('wraps foreign bytes once', 'not is_foreign(message) and '),
    change('gives equal foreign bytes ids of their own', 'redis.sha1hex(claimed_as)', 'redis.sha1hex(message)'),
    remove('wraps what is too short for a header', '#message < 34 or '),
    change('wraps what does not begin with an id', "not string.find(id, '^[0-9a-z]+$')", 'false'),
    change('a suspect only for a child that holds nothing', 'if holds == 0 then', 'if true then'),
    remove('a suspect never beside others before it', '#granted == 0 and '),
    change(
      'a suspect never beside others after it',
      "      grant(ARGV[i], redis.call('LPOP', KEYS[key + 1]))\n      break\n",
      "      grant(ARGV[i], redis.call('LPOP', KEYS[key + 1]))\n",
    ),
    change('nothing for a child that is to drain', '      drain = 1\n      break\n', '      drain = 1\n'),
    remove('frees the key of what waits no more', '    free_key(KEYS[4], message)\n'),
    change(
      'keeps the key of what is to finish first',
      "if string.sub(message, 35, 35) == 's' then",
      'if unique_digest(message) then',
    ),
    change('only one child drains', 'if drainer and drainer ~= ARGV[1] then', 'if false then'),
    remove('whoever was to drain is forgotten', ", 'PX', 5000"),
    remove('rings where it leaves work', '    ring(KEYS[key + 2])\n'),
    change('rings where it leaves a suspect', "'EXISTS', KEYS[key], KEYS[key + 1]", "'EXISTS', KEYS[key]"),
    FULL_MEMORY,
  ],
  'close-session': [
    change('only without children', "if string.sub(field, 1, 1) ~= '@' then", 'if false then'),
    FULL_MEMORY,
  ],
  'dead-page': [
    change('from the first time on', "'-inf', '(' .. ARGV[2])", "'-inf', '(-inf')"),
    change('until the last time', "'-inf', ARGV[3])", "'-inf', '+inf')"),
    change('behind a death of the same instant', 'while low < high do', 'while false do'),
    change('not the death itself again', 'there and low + 1 or low', 'low'),
    change('none that stands where a death was', 'there and low + 1 or low', 'low + 1'),
    change('orders ids by their first half', 'if a == b then', 'if true then'),
    change('orders ids by their second half', 'if a == b then', 'if false then'),
    change('as many as wanted', 'count == tonumber(ARGV[4])', 'false'),
    change('not too much at once', 'bytes >= tonumber(ARGV[5])', 'false'),
    remove('tells that there are more', '    page[1] = 1\n'),
    change('tells of deaths without a record', "death[1]) or ''", 'death[1])'),
  ],
  'delete-dead': [
    NOTHING_FOREIGN,
    remove('only that death', ' and tonumber(died_at) == tonumber(ARGV[i + 1])'),
    remove('forgets the record', "    redis.call('HDEL', KEYS[2], ARGV[i])\n"),
    FULL_MEMORY,
  ],
  'declare-crons': [
    change('a new schedule begins now', 'former[1] ~= ARGV[i + 1]', 'false'),
    change('begins anew after a clock was set back', 'settled > now + ARGV[1]', 'false'),
    change('bears a failover', 'settled > now + ARGV[1]', 'settled > now'),
    FULL_MEMORY,
  ],
  enqueue: [
    NOTHING_FOREIGN,
    change('to the tail', "'RPUSH'", "'LPUSH'"),
    remove('rings', '  ring(KEYS[3])\n'),
    NEEDS_MEMORY,
  ],
  'enqueue-unique': [
    NOTHING_FOREIGN,
    change('each id once', "if redis.call('GETBIT', KEYS[2], sequence % 4096) == 1 then", 'if false then'),
    remove('marks the id as seen', "redis.call('SETBIT', KEYS[2], sequence % 4096, 1)\n"),
    remove('lets the bits expire', "redis.call('EXPIRE', KEYS[2], ARGV[1])\n"),
    change('keeps others out', "if held and ARGV[4] ~= 'replace' then", 'if false then'),
    change('takes over when it is told to', "if held and ARGV[4] ~= 'replace' then", 'if held then'),
    writeBefore(
      'does not mark what is kept out as seen',
      'local digest = unique_digest(message)\n',
      "redis.call('SETBIT', KEYS[2], sequence % 4096, 1)",
    ),
    change('lets a scheduled task go', "redis.call('ZREM', its_keys.scheduled, former) == 0", 'true'),
    remove(
      'lets a pending task go',
      "    redis.call('LREM', is_suspect(former) and its_keys.suspects or its_keys.queue, -1, former)\n",
    ),
    change('lets a suspect go', 'is_suspect(former) and its_keys.suspects or its_keys.queue', 'its_keys.queue'),
    remove('takes the queue of another app for granted', 'its_keys and '),
    change('looks in the queue of the former', 'local its_keys = queues[its_queue]', 'local its_keys = keys'),
    change(
      'tells of the queue of the former',
      'string.sub(other, 1, 20), its_queue }',
      'string.sub(other, 1, 20), ARGV[6] }',
    ),
    remove('takes the key', "redis.call('HSET', KEYS[1], digest, ARGV[6] .. ' ' .. message)\n"),
    change('counts a delay from now', "(ARGV[2] == 'in' and now or 0)", '0'),
    change('counts a time from 1970', "(ARGV[2] == 'in' and now or 0)", 'now'),
    change('schedules only what is due later', 'if due > now then', 'if true then'),
    change('enqueues only what is due now', 'if due > now then', 'if false then'),
    remove('rings', '  ring(keys.bell)\n'),
    NEEDS_MEMORY,
  ],
  'lib-bell': [
    change('only a silent bell', "if redis.call('EXISTS', bell) == 0 then", 'if true then'),
    change('undoes nothing when it is refused', 'redis.pcall', 'redis.call'),
  ],
  'lib-message': [
    change('a counter stops at its highest number', 'math.min(', 'math.max(0, '),
    change(
      'counts in base 36',
      '(tonumber(string.sub(message, first, last), 36) or 0)',
      '(tonumber(string.sub(message, first, last)) or 0)',
    ),
    change('keeps twenty lines', 'if lines >= 20 then', 'if false then'),
    change('keeps no fewer than twenty lines', 'if lines >= 20 then', 'if lines >= 19 then'),
    change('keeps no more than twenty lines', 'if lines >= 20 then', 'if lines > 20 then'),
    change('lets the oldest line go', "'\\n[^\\n]*', '', 1)", "'\\n[^\\n]*$', '', 1)"),
    change('who crashed is a suspect', "string.sub(message, 24, 25) ~= '00'", "string.sub(message, 25, 25) ~= '0'"),
    change(
      'who was suspected is a suspect',
      "string.sub(message, 24, 25) ~= '00'",
      "string.sub(message, 24, 24) ~= '0'",
    ),
    remove('foreign bytes are no suspects', 'not is_foreign(message) and '),
  ],
  'fire-cron': [
    NOTHING_FOREIGN,
    change('each instant once', 'instant > settled and ', ''),
    change('nothing before its time', ' and instant <= now then', ' then'),
    change('nothing that is not known', 'if not settled then', 'settled = settled or 0\nif false then'),
    change('nothing while paused', 'if record[2] then', 'if false then'),
    change('one at a time if overlaps are skipped', "redis.call('HEXISTS', KEYS[4], digest) == 1", 'false'),
    remove('keeps the others out', "        redis.call('HSET', KEYS[4], digest, ARGV[2] .. ' ' .. message)\n"),
    remove('settles what it skips and fires', "redis.call('HSET', KEYS[1], name .. ' until', text(settled))\n"),
    remove('counts what it skips', "  redis.call('HINCRBY', KEYS[1], name .. ' skipped', skipped)\n"),
    remove('rings', '  ring(KEYS[3])\n'),
    change('refuses when memory is full', '#!lua\n', '#!lua flags=allow-oom\n'),
  ],
  'forget-crons': [
    change('only with all sessions', 'if not known[session] then', 'if false then'),
    change('only what no session declares', 'if declared[name] then\n    redis', 'if false then\n    redis'),
    change('only after a while', 'now - since >= tonumber(ARGV[1])', 'true'),
    remove('counts from when it was declared last', "    redis.call('HDEL', KEYS[1], orphan)\n"),
  ],
  'lib-pulse': [
    change('forgives a gap', '<= lease / 3 then', '>= 0 then'),
    change('forgives a jump back', 'math.abs(now - last)', 'now - last'),
    change('forgives no short silence', '<= lease / 3 then', '< 0 then'),
    change('to each session its own lease', "tonumber(string.match(session, '%d+$')) or lease", 'lease'),
    remove('notes the pulse', "  redis.call('SET', pulse, text(now))\n"),
  ],
  'lib-requeue': [
    change('the oldest to the head', 'order(a) > order(b)', 'order(a) < order(b)'),
    change('suspects apart', 'is_suspect(task.message) and task.keys.suspects or task.keys.queue', 'task.keys.queue'),
    remove('rings', '    ring(task.keys.bell)\n'),
  ],
  'lib-retry': [
    change('counts only an attempt', 'if attempt.counts then', 'if true then'),
    remove('counts the attempt', '    message = counted(message, 22, 23)\n'),
    remove('notes the attempt', '  message = remembered(message, attempt.line)\n'),
    remove(
      'tells its new time',
      '  message = string.sub(message, 1, 25) .. base36(due, 9) .. string.sub(message, 35)\n',
    ),
    change('tells when it is due', 'base36(due, 9)', 'base36(now_ms(), 9)'),
    remove('tells its key', '  update_key(unique, task.queue, message)\n'),
    change('later when it is told to', 'if attempt.delay > 0 then', 'if false then'),
    change('at once when it is told to', 'if attempt.delay > 0 then', 'if true then'),
    change('to the tail', "'RPUSH'", "'LPUSH'"),
    change('suspects apart', 'is_suspect(message) and keys.suspects or keys.queue', 'keys.queue'),
    remove('rings', '    ring(keys.bell)\n'),
  ],
  'lib-schedule': [
    change('wakes for what is due before all others', 'not first[2] or due < tonumber(first[2])', 'not first[2]'),
    change('wakes for the first', 'not first[2] or due < tonumber(first[2])', 'first[2] and due < tonumber(first[2])'),
    change('wakes for nothing else', 'if not first[2] or due < tonumber(first[2]) then', 'if true then'),
    change('wakes not for the same time', 'due < tonumber(first[2])', 'due <= tonumber(first[2])'),
  ],
  'lib-seen': [
    change('each id once', 'bit, 1) == 0 then', 'bit, 1) >= 0 then'),
    remove('lets the bits expire', "  redis.call('EXPIRE', bitmap, seconds)\n"),
    change('does without new messages', 'if #fresh == 0 then', 'if false then'),
    remove('takes the bits back', "    redis.call('SETBIT', bitmap, bit, 0)\n"),
  ],
  'lib-unique': [
    change(
      'frees no key of another task',
      "if holder and string.find(holder, '^%S+ ' .. string.sub(message, 1, 20)) then",
      'if holder then',
    ),
    change('frees no key for what another task speaks of', "'^%S+ ' .. string", "' ' .. string"),
    change('a key until the start is one', "if mark == 's' or mark == 'f' then", "if mark == 'f' then"),
    change('a key until the end is one', "if mark == 's' or mark == 'f' then", "if mark == 's' then"),
  ],
  'open-session': [forgives(3, 2), FULL_MEMORY],
  overdue: [
    forgives(2, 1),
    change('only what ran out', "'-inf', text(now), 'LIMIT'", "'-inf', '+inf', 'LIMIT'"),
    FULL_MEMORY,
  ],
  'pause-cron': [
    change(
      'only what is known',
      "if redis.call('HEXISTS', KEYS[1], ARGV[1] .. ' schedule') == 0 then",
      'if false then',
    ),
    FULL_MEMORY,
  ],
  'resume-cron': [
    change(
      'only what is known',
      "if redis.call('HEXISTS', KEYS[1], ARGV[1] .. ' schedule') == 0 then",
      'if false then',
    ),
    change('only what is paused', "if redis.call('HDEL', KEYS[1], ARGV[1] .. ' paused') == 1 then", 'do'),
    remove('makes up for nothing', "  redis.call('HSET', KEYS[1], ARGV[1] .. ' until', text(now_ms()))\n"),
    FULL_MEMORY,
  ],
  'record-cron-run': [
    REGISTERED,
    change(
      'only what is known',
      "if redis.call('HEXISTS', KEYS[2], ARGV[2] .. ' schedule') == 0 then",
      'if false then',
    ),
    FULL_MEMORY,
  ],
  reap: [
    forgives(3, 2),
    NOTHING_FOREIGN,
    remove('only after the deadline', ' or tonumber(deadline) > now'),
    change('only with all children', ' and not known[field] then', ' and false then'),
    remove('refuses an unknown queue', UNKNOWN_QUEUE),
    writeBefore('refuses an unknown queue before it writes', UNKNOWN_QUEUE, "redis.call('DEL', KEYS[i])"),
    remove('ends the claims', "  redis.call('DEL', KEYS[i])\n"),
    remove('ends the registrations', "redis.call('DEL', KEYS[2])\n"),
    remove('ends the lease', "redis.call('ZREM', KEYS[1], ARGV[1])\n"),
    FULL_MEMORY,
  ],
  promote: [
    NOTHING_FOREIGN_WITHIN,
    change('only what is due', "'-inf', text(now), 'LIMIT', 0, left", "'-inf', '+inf', 'LIMIT', 0, left"),
    change('no more than the limit', "'LIMIT', 0, left) or {}", "'LIMIT', 0, -1) or {}"),
    change(
      'no more than the limit over all queues',
      '    left = left - #due\n',
      '    left = math.max(left - #due, 1)\n',
    ),
    change('to the tail', "'RPUSH'", "'LPUSH'"),
    change('suspects apart', 'is_suspect(message) and key + 2 or key + 1', 'key + 1'),
    remove('takes them off the schedule', "    redis.call('ZREMRANGEBYRANK', KEYS[key], 0, #due - 1)\n"),
    change('takes off only what is due', '0, #due - 1)', '0, -1)'),
    remove('rings', '    ring(KEYS[key + 3])\n'),
    change('says that more is due', 'math.max(tonumber(first[2]) - now, 0)', 'math.max(tonumber(first[2]) - now, 1)'),
    change('never says less than at once', 'math.max(tonumber(first[2]) - now, 0)', 'tonumber(first[2]) - now'),
    change('says the first of all queues', 'next < 0 and in_ms or math.min(next, in_ms)', 'in_ms'),
    change(
      'says the first of later queues too',
      'next < 0 and in_ms or math.min(next, in_ms)',
      'next < 0 and in_ms or next',
    ),
    FULL_MEMORY,
  ],
  purge: [
    change('keeps the young', 'text(now_ms() - ARGV[1])', "'+inf'"),
    change('keeps all without a retention', "ARGV[1] == '' and 0", "ARGV[1] == '' and redis.call('ZCARD', KEYS[1])"),
    change('keeps all without a number', "ARGV[2] == '' and 0", "ARGV[2] == '' and redis.call('ZCARD', KEYS[1])"),
    change('keeps so many', "redis.call('ZCARD', KEYS[1]) - ARGV[2]", "redis.call('ZCARD', KEYS[1])"),
    change('both limits hold', 'math.max(expired, surplus)', 'math.min(expired, surplus)'),
    change('no more than a batch', ', tonumber(ARGV[3]))', ', 8000)'),
    change(
      'the oldest first',
      "redis.call('ZREMRANGEBYRANK', KEYS[1], 0, count - 1)",
      "redis.call('ZREMRANGEBYRANK', KEYS[1], -count, -1)",
    ),
    remove('forgets the records', "redis.call('HDEL', KEYS[2], unpack(redis.call('ZRANGE', KEYS[1], 0, count - 1)))\n"),
    remove('finds nothing to do', 'if count <= 0 then\n  return 0\nend\n'),
    FULL_MEMORY,
  ],
  redrive: [
    NOTHING_FOREIGN,
    remove('only that death', ' and tonumber(died_at) == tonumber(ARGV[i + 1])'),
    remove('each task once', ' and not named[id]'),
    remove('refuses a header cut short', '#header == 34 and '),
    remove('refuses a header that is none', "string.find(header, '^[0-9a-z]+$') and "),
    change('refuses another version', "string.sub(header, 1, 21) == id .. '1'", 'string.sub(header, 1, 20) == id'),
    change(
      'refuses the message of another',
      "string.sub(header, 1, 21) == id .. '1'",
      "string.sub(header, 21, 21) == '1'",
    ),
    change('resets the counters', "id .. '10000' ..", 'string.sub(header, 1, 25) ..'),
    change('starts its time anew', 'base36(now, 9)', 'string.sub(header, 26, 34)'),
    change('keeps the history', 'string.sub(message, 35)', "string.match(message, '[^\\n]*', 35)"),
    change('notes it in the history', 'remembered(message, line)', 'message'),
    change('to the tail', "'RPUSH'", "'LPUSH'"),
    remove('ends the death', "  redis.call('ZREM', KEYS[1], unpack(ids))\n"),
    remove('ends the record', "  redis.call('HDEL', KEYS[2], unpack(ids))\n"),
    remove('forgets that it was cancelled', "  redis.call('ZREM', KEYS[6], unpack(ids))\n"),
    remove('takes its key again', "      redis.call('HSETNX', KEYS[5], digest, ARGV[1] .. ' ' .. message)\n"),
    change('takes no key from another', "'HSETNX'", "'HSET'"),
    remove('rings', '  ring(KEYS[4])\n'),
    FULL_MEMORY,
  ],
  register: [
    change('only in a session with a lease', "if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then", 'if false then'),
    change('keeps the claim number of a registered child', "'HSETNX'", "'HSET'"),
    FULL_MEMORY,
  ],
  release: [
    change('only a registered child', `if not last then\n${LEASE_LOST}`, "last = last or '0'\n"),
    NOTHING_FOREIGN,
    change('only for the claim that is meant', "if ARGV[2] ~= '' and ARGV[2] ~= last then", 'if false then'),
    change(
      'only what the child holds',
      "local held = redis.call('HGET', KEYS[2], ARGV[i])",
      "local held = redis.call('HGET', KEYS[2], ARGV[i]) or 'default ' .. ARGV[i]",
    ),
    remove('refuses an unknown queue', UNKNOWN_QUEUE),
    writeBefore('refuses an unknown queue before it writes', UNKNOWN_QUEUE, "redis.call('HDEL', KEYS[2], ARGV[i])"),
    remove('gives back once what is named twice', ' and not named[ARGV[i]]'),
    remove('ends the claims', "  redis.call('HDEL', KEYS[2], unpack(ids))\n"),
    FULL_MEMORY,
  ],
  renew: [
    forgives(2, 2),
    change('revives no session', "if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then", 'if false then'),
    FULL_MEMORY,
  ],
  retry: [
    REGISTERED,
    NOTHING_FOREIGN,
    change(
      'only what the child holds',
      'if not held then\n  return 0\nend',
      "held = held or 'default ' .. ARGV[2] .. '10000000000000[]'",
    ),
    change('refuses an outdated count', 'if string.sub(message, 22, 23) ~= ARGV[3] then', 'if false then'),
    change('ends the claim', "redis.call('HDEL', KEYS[2], ARGV[2])\nreturn 1", 'return 1'),
    FULL_MEMORY,
  ],
  schedule: [
    NOTHING_FOREIGN,
    change('counts a delay from now', "(ARGV[2] == 'in' and now_ms() or 0)", '0'),
    change('counts a time from 1970', "(ARGV[2] == 'in' and now_ms() or 0)", 'now_ms()'),
    NEEDS_MEMORY,
  ],
  broadcast: [
    NOTHING_FOREIGN,
    remove('keeps so many entries', "'MAXLEN', '~', ARGV[2], "),
    change('is refused by a full Redis', '#!lua\n', '#!lua flags=allow-oom\n'),
  ],
  'stream-position': [
    change(
      'does not trust the times of a clock that was set back',
      "if tonumber(string.match(last, '^%d+')) > now then",
      'if false then',
    ),
    remove('counts what comes later', ' - #later'),
  ],
  'take-turn': [
    change('a machine that is done stays done', "if owner == 'done' then", 'if false then'),
    remove('a session keeps its turn', ' and owner ~= ARGV[2]'),
    remove('a session that is gone keeps nothing', " and redis.call('ZSCORE', KEYS[2], owner)"),
    remove('forgets it after a day', "redis.call('EXPIRE', KEYS[1], ARGV[3])\n"),
    FULL_MEMORY,
  ],
  'record-broadcasts': [
    NOTHING_FOREIGN,
    remove('marks a machine as done', "    redis.call('HSET', key, '@' .. ARGV[at + 2], 'done')\n"),
    remove('forgets it after a day', "  redis.call('EXPIRE', key, ARGV[1])\n"),
    FULL_MEMORY,
  ],
  'record-gap': [
    remove('keeps the latest', "redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[3])\n"),
    remove('forgets them after a week', "redis.call('EXPIRE', KEYS[1], ARGV[4])\n"),
    FULL_MEMORY,
  ],
  settle: [
    REGISTERED,
    NOTHING_FOREIGN,
    change(
      'blames only for what the child holds',
      'if tasks[id] and not blamed[id]',
      'tasks[id] = tasks[id] or { id = id, queue = KEYS[6], keys = queues[ARGV[3]], message = id .. string.rep("0", 20) }\n  if not blamed[id]',
    ),
    change('what is done does not go back', '    tasks[id] = nil\n  end\nend\nfor id', '  end\nend\nfor id'),
    remove('frees the key of what is done', '    free_key(KEYS[3], tasks[id].message)\n'),
    remove('counts nothing in foreign bytes', ' and not is_foreign(tasks[id].message)'),
    remove('foreign bytes are not out of time', ' and not is_foreign(task.message)'),
    change('what is out of time does not go back', '    tasks[late.id] = nil\n', ''),
    change('dead without a retry', 'if late.retryInMs < 0 then', 'if false then'),
    change(
      'counts the attempt of the dead',
      'remembered(counted(task.message, 22, 23), late.line)',
      'remembered(task.message, late.line)',
    ),
    change(
      'notes the attempt of the dead',
      'remembered(counted(task.message, 22, 23), late.line)',
      '(counted(task.message, 22, 23))',
    ),
    change('counts the attempt of the others', 'counts = true', 'counts = false'),
    remove('blames each task once', 'not blamed[id] and '),
    change('blames one alone for a crash', 'if suspected == 1 then', 'if false then'),
    change('blames several for none', 'if suspected == 1 then', 'if suspected > 0 then'),
    change('dead at so many crashes', 'crashes >= verdict.maxCrashes', 'crashes > verdict.maxCrashes'),
    remove('notes the crash', '  task.message = remembered(task.message, verdict.line)\n'),
    change('frees the key of the dead', '  free_key(KEYS[3], task.message)\n  redis.call', '  redis.call'),
    change('the dead do not go back', '    tasks[id] = nil\n    crashed, dead', '    crashed, dead'),
    remove('tells the key of a suspect', '    update_key(KEYS[3], task.queue, task.message)\n'),
    change('refuses an unknown queue', "    return redis.error_reply('UNKNOWN_QUEUE ' .. queue)\n", ''),
    writeBefore(
      'refuses an unknown queue before it writes',
      '  if not queues[queue] then\n',
      "redis.call('HDEL', KEYS[2], held[i])",
    ),
    remove('ends the claims', "redis.call('DEL', KEYS[2])\n"),
    remove('ends the registration', "redis.call('HDEL', KEYS[1], ARGV[1])\n"),
    FULL_MEMORY,
  ],
};

/** `script`, `guard`, `find`, `replace` of each. */
export const GUARDS = Object.entries(BY_SCRIPT).flatMap(([script, guards]) =>
  guards.map((guard) => ({ script: `${script}.lua`, ...guard })),
);
