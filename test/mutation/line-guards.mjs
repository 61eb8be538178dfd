/** The guards of the libraries of lines and limits, see guards.mjs. */

const change = (guard, find, replace) => ({ guard, find, replace });
const remove = (guard, find) => change(guard, find, '');
const missedBy = (tests, guards) => guards.map((guard) => ({ tests, ...guard }));

const LINES = [
  ...missedBy('limits-sending', [
    change(
      'line_of: the end of the tags',
      '  while is_letter(letter) do\n    if letter == 108 or letter == 76 then',
      '  while letter do\n    if letter == 108 or letter == 76 then',
    ),
    change('line_of: tags that are about something else', "if limits == '' and not order or ", 'if '),
    remove('line_of: letters that no limit has', "string.find(limits .. (order or ''), '[^%w_-]') or "),
    remove('line_of: more limits than a state has room for', '#limits > 108 or '),
    remove('line_of: foreign bytes', ' or is_foreign(message)'),
    change(
      'message_in_line: bytes that are no entry',
      "(string.find(entry, ' ', 1, true) or -13)",
      "string.find(entry, ' ', 1, true)",
    ),
  ]),
  ...missedBy('limits-claiming', [
    change('line_of: an order without a tenant', 'if not tenant or tenant == NO_TENANT then', 'if not tenant then'),
    change('place_in_line: the worth of a priority', '(tonumber(string.sub(order, 1, 1)) or 0) * ', '0 * '),
    change('place_in_line: a turn behind those that keep a slot', 'math.max(turn, 1)', 'turn'),
    change('place_in_line: a turn of 13 digits', 'math.min(math.max(turn, 1), 9999999999999)', 'math.max(turn, 1)'),
  ]),
  ...missedBy('limits-leaving', [
    change('line_of: limits whose slot a message keeps', 'letter == 108 or letter == 76 then', 'letter == 108 then'),
    change('line_of: that a message keeps a slot', 'keeps = keeps or letter == 76', 'keeps = false'),
    change(
      'without_gate: a tag of a claim',
      'string.byte(message, 35) == 113 and',
      'string.byte(message, 35) ~= 91 and',
    ),
  ]),
  ...missedBy('limits-waking', [
    change(
      'limits_of_line: a tenant that is no limit',
      'for first = 1, #line - 26, 27 do',
      'for first = 1, #line, 27 do',
    ),
    change('keeps_slot: the limit whose slot is kept', "'L' .. limit, 1, true)", 'limit, 1, true)'),
  ]),
];

const LIMITS = [
  ...missedBy('limits-rules', [
    change(
      'with_entry: an entry of others',
      "if not most or is_override and last ~= '0' and",
      "if is_override and last ~= '0' and",
    ),
    change(
      'with_entry: the end of what was set',
      " or is_override and last ~= '0' and tonumber(last) <= own.now then",
      ' then',
    ),
    change(
      'with_entry: what was set without an end',
      "is_override and last ~= '0' and tonumber",
      'is_override and tonumber',
    ),
    change('with_entry: what stays as declared', "value == '=' and before or ", ''),
    change(
      'with_entry: the order that is declared',
      'is_override and rule.ordered or not is_override',
      'not is_override',
    ),
    change(
      'rule_of: what is set for all keys',
      'base = with_entry(with_entry({}, declared, false), override, true)',
      'base = with_entry({}, declared, false)',
    ),
    change('rule_of: what is set for a key', 'known = with_entry(base, override, true)', 'known = base'),
    change('rule_of: a stop of others', 'stopped = noted(stopped)', 'stopped = tonumber(stopped)'),
    remove(
      'room: a stop',
      '    if rule.stopped and rule.stopped > own.now then\n      return 0, rule.stopped\n    end\n',
    ),
    change('room: the end of a stop', 'rule.stopped > own.now', 'rule.stopped > 0'),
    change('room: a limit that was lowered', 'if count <= 0 then', 'if count == 0 then'),
  ]),
  ...missedBy('limits-claiming', [
    change(
      'prefetch: what this script has taken',
      '      if not used[limit] then\n        missing',
      '      do\n        missing',
    ),
  ]),
  ...missedBy('limits-gates', [
    change(
      'room: the starts that are left of a burst',
      'math.min(count, rule.burst, math.floor((now_us - free_at) / rule.interval) + 1)',
      'math.min(count, rule.burst)',
    ),
    change('room: no more than a burst', 'math.min(count, rule.burst, math.floor', 'math.min(count, math.floor'),
  ]),
  ...missedBy('limits-rates', [
    change('room: a rate', 'if free_at > now_us then', 'if false then'),
    change('room: a burst', '(rule.burst - 1) * rule.interval', '0'),
    change(
      'take: no more than a burst after a pause',
      'math.max(arrival(limit, rule), now_us)',
      'arrival(limit, rule)',
    ),
    change('take: the starts before this one', 'math.max(arrival(limit, rule), now_us)', 'now_us'),
    change('flush: rates that are not past', 'if arrivals[limit] > now_us then', 'do'),
    change('forget_rates: rates that are not past', "'-inf', text(now_us))", "'-inf', '+inf')"),
    change('forget_rates: that one is past', 'if past > 0 then', 'do'),
  ]),
  ...missedBy('limits-waiting', [
    change('forget_rates: some at once', 'math.min(past, MOST_FORGOTTEN) - 1', 'past - 1'),
  ]),
  ...missedBy('limits-leaving', [
    change('room: a task that keeps its slot', '(not keeps or rule.most == 0)', 'true'),
    change('take: the slot that a task has kept', '    if not keeps then\n      used', '    do\n      used'),
    change('flush: slots that nobody has', 'if used[limit] > 0 then\n        slots', 'if true then\n        slots'),
  ]),
];

const ENDS = [
  ...missedBy('limits-foreign-keys', [
    change('wrong_lines_of: tasks without limits', 'if may_have_limits(message) then', 'do'),
  ]),
  ...missedBy('limits-leaving', [
    change('keep_ordered: a limit without an order', '.rule_of(limit).ordered then', '.rule_of(limit) then'),
    change('give_up_slots: the slots that a task keeps', 'if not keeps_slot(message, limit) then', 'do'),
    change('end_limits_of: the keys in clear', 'if line and #line > 26 then', 'if false then'),
  ]),
  ...missedBy('limits-waking', [
    change(
      'end_limits: slots before the keys in clear',
      '  lines.free(given_up)\n  lines.forget_labels(declared, queue, line_of(message))',
      '  lines.forget_labels(declared, queue, line_of(message))\n  lines.free(given_up)',
    ),
  ]),
];

const READY = [
  ...missedBy('limits-claiming', [
    change(
      'flush_queue: the tags of a queue without lines',
      "if redis.call('EXISTS', queue.held) == 0 then",
      'if false then',
    ),
    change(
      'parts_of: the limits of a line without its tenant',
      'limits = limits_of_line(line)',
      "limits = limits_of_line(line .. string.rep('-', 7))",
    ),
    change('note_given: a line that waited', "if given > (tag_at(queue, '~') or -1) then", 'do'),
    change('next_tag: that of the task given last', 'math.max(given, newest + 1)', 'newest + 1'),
    change('next_tag: other lines of the tenant', 'last and last + TURN or 0', '0'),
    change(
      'settle: a turn for a task that was given',
      'if tenant and (was_given or not before) then',
      'if tenant and not before then',
    ),
    change('settle: the turn of a line that waited', 'if tenant and (was_given or not before) then', 'if tenant then'),
    remove(
      'settle: the tag of a task that was given',
      '    if tenant and was_given then\n      note_given(queue, order)\n    end\n',
    ),
    remove(
      'vanish: the tag of a task that was given',
      '      if was_given and parts_of(line).tenant then\n        note_given(queue, (decoded(before)))\n      end\n',
    ),
    change('forget_tags: those that are behind', "'(' .. text(TAGS + given - TURN)", "'+inf'"),
    change(
      'add: an older task at the head',
      '(decoded(state)) <= tonumber(string.sub(first, #line + 2, #line + 14))',
      'true',
    ),
    change(
      'add: the oldest of those that come',
      'firsts[line] and firsts[line] < entry and firsts[line] or entry',
      'entry',
    ),
    change(
      'ready: states that have changed',
      'if changed[queue.name] then\n      flush_queue(queue)\n    end\n    local found',
      'local found',
    ),
  ]),
  ...missedBy('limits-leaving', [
    change(
      'first_of: tasks that have left the line',
      "if string.sub(entry, 1, #line + 1) == line .. ' ' then",
      'if false then',
    ),
  ]),
  ...missedBy('limits-rates', [
    change('look_at: an earlier time', "keys.paced, 'LT', 'CH'", "keys.paced, 'CH'"),
    change('look_at: the alarm', '== 1\n    if is_news and', '== 1\n    if false and'),
    change('look_at: one alarm', 'if is_news and keys.alarm', 'if keys.alarm'),
    change(
      'look_at: an alarm for what comes first',
      " and redis.call('ZRANGE', keys.paced, 0, 0)[1] == entry then",
      ' then',
    ),
    change(
      'pace: starts at a high rate together',
      'math.min(PACE, math.floor(rule.burst * rule.interval / 2000))',
      '0',
    ),
    change('pace: half of a burst', 'math.min(PACE, math.floor(rule.burst * rule.interval / 2000))', 'PACE'),
    change(
      'settle: the time at which a rate allows a start',
      '    if opens then\n      pace(limit_at(line, index), opens)\n',
      '    if false then\n',
    ),
    change(
      'nudge: the time at which a rate allows a start',
      '      if opens then\n        pace(limit, opens)\n      end\n      if room == 0 and',
      '      if room == 0 and',
    ),
    change(
      'keep_pace: an entry once',
      "        redis.call('ZREM', keys.paced, entry)\n        local kind",
      '        local kind',
    ),
  ]),
  ...missedBy('limits-waiting', [
    change('pace: what is due', 'if rule.interval and at > own.now then', 'if rule.interval then'),
    change('look_at: a script without an alarm', 'is_news and keys.alarm and', 'is_news and'),
    change(
      'nudge: lines of queues whose keys are missing',
      '        without_keys[name] = true\n        pace(limit, own.now)\n      else',
      '        pace(limit, own.now)\n      else',
    ),
  ]),
  ...missedBy('limits-waking', [
    change('add: a task that keeps its slot', 'state and not kept[line]\n', 'state\n'),
    change(
      'keeps_head: a task that keeps its slot',
      'return head and keeps_slot(message_in_line(head), limit)',
      'return false',
    ),
    change(
      'keeps_head: a task that keeps none',
      'return head and keeps_slot(message_in_line(head), limit)',
      'return true',
    ),
    change(
      'forget_waiter: the entry of a line that waits',
      "      redis.call('ZREM', keys.waiters, waiter(queue, line, order, limit_at(line, index)))\n",
      '',
    ),
    change(
      'blocked_by: the slots that a task keeps',
      'keeps_any and keeps_slot(message_in_line(head), limit)',
      'keeps_any',
    ),
    change(
      'nudge: the task that keeps a slot, behind others',
      'room == 0 and (opens or not is_ordered or',
      'room == 0 and (true or',
    ),
    change('nudge: some lines at once', 'local MOST_WOKEN = 20', 'local MOST_WOKEN = 2000'),
    change('nudge: the rest by promoters', '        return pace(limit, own.now)\n', '        return\n'),
    change('nudge: a bell', '        if is_awake then\n          ring(queue.bell)\n', '        if false then\n'),
    change(
      'nudge: no bell for a line that waits still',
      '        if is_awake then\n          ring(queue.bell)',
      '        if true then\n          ring(queue.bell)',
    ),
    change(
      'nudge: a promoter for queues whose keys are missing',
      '        pace(limit, own.now)\n      else',
      '      else',
    ),
    change(
      'nudge: entries of others',
      "      else\n        redis.call('ZREM', keys.waiters, found)\n      end",
      '      end',
    ),
    change('nudge: lines of the other kind', "(kind == 'a' and line ~= '*' and 'b' or '~')", "'~'"),
    change(
      'nudge: one line of a kind',
      "kind == 'a' and line ~= '*' and 'b' or '~'",
      "kind == 'a' and line ~= '*' and 'a' or kind",
    ),
    change(
      'nudge: lines behind one that waits for another limit',
      'if room > 0 and is_awake and name then',
      'if room > 0 and name then',
    ),
    remove(
      'go_on: what a line was woken for',
      '    for _, limit in ipairs(parts_of(line).limits) do\n      own.nudge(limit)\n    end\n',
    ),
    remove('forget_labels: a task that is woken', 'waited[limit]\n        or '),
    change('forget_labels: a task that waits', 'if not waits and', 'if'),
    remove('forget_labels: a task that runs', 'not limits.is_held(limit) and '),
    remove('forget_labels: a task of the line', ' and not (queue.held and own.first_of(queue, line)[1])'),
  ]),
  ...missedBy('limits-gates', [
    change(
      'wait_as_queue: the time at which its rate allows a start',
      '    if opens then\n      pace(limit, opens)\n    end\n  end\n\n  -- Wakes',
      '  end\n\n  -- Wakes',
    ),
    change(
      'nudge: a queue that waits as a whole',
      "is_awake = line == '*' or refresh(queue, line)",
      'is_awake = refresh(queue, line)',
    ),
  ]),
  ...missedBy('limits-rules', [
    change('nudge_all: some keys at once', '    for _ = 1, MOST_WOKEN do', '    for _ = 1, 2000 do'),
    remove('nudge_all: the rest by promoters', "    own.look_at('*' .. name .. from, text(own.now))\n"),
    change(
      'nudge_all: keys behind one that is full',
      "      next = '[' .. from .. '~'\n    end\n    own.look_at",
      '    end\n    own.look_at',
    ),
    change('apply: the keys of a limit', 'if #field == 28 then\n      own.nudge', 'if true then\n      own.nudge'),
    change(
      'set_entry: a key that is counted once',
      "redis.call('HSET', keys.limits, field, value) == 1 and",
      "redis.call('HSET', keys.limits, field, value) and",
    ),
    change(
      'set_entry: keys alone are counted',
      " == 1 and #field == 28 then\n      redis.call('HINCRBY', keys.limits, string.sub(field, 1, 6)",
      " == 1 then\n      redis.call('HINCRBY', keys.limits, string.sub(field, 1, 6)",
    ),
    remove('set_entry: the end of before', "    redis.call('ZREM', keys.paced, '!' .. field)\n"),
    change(
      'set_entry: what waits',
      "      own.look_at('!' .. field, ends)\n    end\n    together(apply, field)",
      "      own.look_at('!' .. field, ends)\n    end",
    ),
    change('end_entry: what was set', 'if was_set == 1 and #field == 28 then', 'if #field == 28 then'),
    change('end_entry: keys alone are counted', 'if was_set == 1 and #field == 28 then', 'if was_set == 1 then'),
    change(
      'end_entry: no count of nothing',
      "if redis.call('HINCRBY', keys.limits, star, -1) <= 0 then",
      "if redis.call('HINCRBY', keys.limits, star, -1) < -9 then",
    ),
    change('end_entry: what waits', '    together(apply, field)\n    return was_set', '    return was_set'),
    change('stop: a longer stop', "if ends > (noted(redis.call('HGET', keys.limits, field)) or 0) then", 'do'),
    change('keep_pace: the end of what was set', 'own.end_entry(rest)', 'own.nudge(rest)'),
    change(
      'keep_pace: all keys of a limit',
      'nudge_all(string.sub(rest, 1, 6), string.sub(rest, 7))',
      'own.nudge(rest)',
    ),
  ]),
];

/** By script. */
export const OF_LINES = {
  'lib/lines': LINES,
  'lib/limits': LIMITS,
  'lib/limit-ends': ENDS,
  'lib/ready-lines': READY,
};
