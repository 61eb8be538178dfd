/** The guards of the libraries of lines and limits, see guards.mjs. */

import { change, missedBy, remove } from './guard-forms.mjs';

const LINES = [
  ...missedBy('limits-sending', [
    change(
      'line_of: the end of the tags',
      '  while is_letter(letter) do\n    if letter == 108 or letter == 76 then',
      '  while letter do\n    if letter == 108 or letter == 76 then',
    ),
    change('line_of: tags that are about something else', "if limits == '' and not order or ", 'if '),
    remove('line_of: letters that no limit has', "string.find(limits .. (order or ''), '[^%w_-]') or "),
    remove('line_of: more limits than a state has room for', ' or #limits > 108'),
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
    change('without_gate: a tag of a claim', 'string.byte(message, 35) ~= 113 or', 'string.byte(message, 35) == 91 or'),
    change('without_gate: foreign bytes', '~= 113 or is_foreign(message)', '~= 113'),
    change('may_have_limits: foreign bytes', 'return not is_foreign(message)', 'return true'),
  ]),
  ...missedBy('limits-waking', [
    change('keeps_slot: the limit whose slot is kept', "'L' .. limit, 1, true)", 'limit, 1, true)'),
  ]),
];

const LIMITS = [
  ...missedBy('limits-rules', [
    change(
      'rule_with: an entry of others',
      "if not most or is_override and last ~= '0' and",
      "if is_override and last ~= '0' and",
    ),
    change(
      'rule_with: the end of what was set',
      " or is_override and last ~= '0' and tonumber(last) <= LIMITS.now then",
      ' then',
    ),
    change(
      'rule_with: what was set without an end',
      "is_override and last ~= '0' and tonumber",
      'is_override and tonumber',
    ),
    change('rule_with: what stays as declared', "  if field == '=' then\n    return before\n  end\n", ''),
    change(
      'rule_with: the order that is declared',
      'is_override and rule.ordered or not is_override',
      'not is_override',
    ),
    change(
      'rule_of: what is set for all keys',
      'base = rule_with(rule_with({}, declared, false), override, true)',
      'base = rule_with({}, declared, false)',
    ),
    change('rule_of: what is set for a key', 'known = rule_with(base, override, true)', 'known = base'),
    change('rule_of: a stop of others', 'stopped = noted(stopped)', 'stopped = tonumber(stopped)'),
    remove(
      'room_of: a stop',
      '  if rule.stopped and rule.stopped > LIMITS.now then\n    return 0, rule.stopped\n  end\n',
    ),
    change('room_of: the end of a stop', 'rule.stopped > LIMITS.now', 'rule.stopped > 0'),
    change('room_of: a limit that was lowered', 'if count <= 0 then', 'if count == 0 then'),
  ]),
  ...missedBy('limits-claiming', [
    change(
      'read_limits: what this script has taken',
      '    if not USED[limit] then\n      missing',
      '    do\n      missing',
    ),
  ]),
  ...missedBy('limits-gates', [
    change(
      'room_of: the starts that are left of a burst',
      'math.min(count, rule.burst, math.floor((LIMITS.now_us - free_at) / rule.interval) + 1)',
      'math.min(count, rule.burst)',
    ),
    change('room_of: no more than a burst', 'math.min(count, rule.burst, math.floor', 'math.min(count, math.floor'),
  ]),
  ...missedBy('limits-rates', [
    change('room_of: a rate', 'if free_at > LIMITS.now_us then', 'if false then'),
    change('room_of: a burst', '(rule.burst - 1) * rule.interval', '0'),
    change(
      'take_slot: no more than a burst after a pause',
      'math.max(arrival_of(limit, rule), LIMITS.now_us)',
      'arrival_of(limit, rule)',
    ),
    change(
      'take_slot: the starts before this one',
      'math.max(arrival_of(limit, rule), LIMITS.now_us)',
      'LIMITS.now_us',
    ),
    change('flush_limits: rates that are not past', 'if (ARRIVALS[limit] or 0) > LIMITS.now_us then', 'do'),
    change('forget_rates: rates that are not past', "'-inf', text(LIMITS.now_us))", "'-inf', '+inf')"),
    change('forget_rates: that one is past', 'if past > 0 then', 'do'),
  ]),
  ...missedBy('limits-waiting', [
    change('forget_rates: some at once', 'math.min(past, MOST_FORGOTTEN) - 1', 'past - 1'),
  ]),
  ...missedBy('limits-leaving', [
    change('room_of: a task that keeps its slot', '(not keeps or rule.most == 0)', 'true'),
    change('take_slot: the slot that a task has kept', '(keeps and 0 or 1)', '1'),
    change('flush_limits: slots that nobody has', 'if USED[limit] > 0 then\n      slots', 'if true then\n      slots'),
    change('flush_limits: each change once', '    CHANGED[limit] = nil\n', ''),
  ]),
];

const ENDS = [
  ...missedBy('short-scripts', [
    change(
      'wrong_lines_of: limits in a short form',
      'not IS_WHOLE and (may_have_limits(message) or member_of(message))',
      'not IS_WHOLE and member_of(message)',
    ),
    change(
      'wrong_lines_of: groups in a short form',
      'not IS_WHOLE and (may_have_limits(message) or member_of(message))',
      'not IS_WHOLE and may_have_limits(message)',
    ),
  ]),
  ...missedBy('limits-foreign-keys', [
    change('wrong_lines_of: tasks without limits', 'elseif may_have_limits(message) then', 'else'),
  ]),
  ...missedBy('limits-leaving', [
    change('keep_ordered: a limit without an order', 'rule_of(limit).ordered then', 'rule_of(limit) then'),
    change('give_up_slots: the slots that a task keeps', 'if not keeps_slot(message, limit) then', 'do'),
    change('end_limits_of: the keys in clear', 'if line and #line > 26 then', 'if false then'),
  ]),
  ...missedBy('limits-waking', [
    change(
      'end_limits: slots before the keys in clear',
      '  free_slots(given_up)\n  forget_labels(queue, { line or nil })',
      '  forget_labels(queue, { line or nil })\n  free_slots(given_up)',
    ),
  ]),
];

const READY = [
  ...missedBy('limits-claiming', [
    change(
      'flush_lines: the tags of a queue without lines',
      "if redis.call('EXISTS', queue.held) == 0 and",
      'if false and',
    ),
    change('flush_lines: the tags of a queue with lines', "if redis.call('EXISTS', queue.held) == 0 and", 'if'),
    change('note_given: a line that waited', "if given > (tag_at(queue, '~') or -1) then", 'do'),
    change('next_tag: that of the task given last', 'math.max(given, newest + 1)', 'newest + 1'),
    change('next_tag: other lines of the tenant', 'last and last + TURN or 0', '0'),
    change(
      'settle_line: a turn for a task that was given',
      'if tenant and (was_given or not before) then',
      'if tenant and not before then',
    ),
    change(
      'settle_line: the turn of a line that waited',
      'if tenant and (was_given or not before) then',
      'if tenant then',
    ),
    remove(
      'settle_line: the tag of a task that was given',
      '  if tenant and was_given then\n    note_given(queue, order)\n  end\n',
    ),
    remove(
      'vanish_line: the tag of a task that was given',
      '  elseif before and was_given then\n    note_given(queue, (decoded_state(before)))\n',
    ),
    change('forget_tags: those that are behind', "'(' .. text(TAGS + given - TURN)", "'+inf'"),
    change(
      'add_to_lines: an older task at the head',
      '(decoded_state(state)) <= tonumber(string.sub(first, #line + 2, #line + 14))',
      'true',
    ),
    change('add_to_lines: the oldest of those that come', 'first and first < entry and first or entry', 'entry'),
    change(
      'ready_lines: states that have changed',
      'if STATES_CHANGED[queue.name] then\n    flush_lines(queue)\n  end\n  local found',
      'local found',
    ),
  ]),
  ...missedBy('limits-leaving', [
    change(
      'first_in_line: tasks that have left the line',
      "if string.sub(entry, 1, #line + 1) == line .. ' ' then",
      'if false then',
    ),
  ]),
  ...missedBy('limits-rates', [
    change('look_at: an earlier time', "LIMITS.keys.paced, 'LT', 'CH'", "LIMITS.keys.paced, 'CH'"),
    change('look_at: the alarm', '== 1\n  if is_news and', '== 1\n  if false and'),
    change('look_at: one alarm', 'if is_news and LIMITS.keys.alarm', 'if LIMITS.keys.alarm'),
    change(
      'look_at: an alarm for what comes first',
      " and redis.call('ZRANGE', LIMITS.keys.paced, 0, 0)[1] == entry then",
      ' then',
    ),
    change(
      'pace_limit: starts at a high rate together',
      'math.min(PACE, math.floor(rule.burst * rule.interval / 2000))',
      '0',
    ),
    change('pace_limit: half of a burst', 'math.min(PACE, math.floor(rule.burst * rule.interval / 2000))', 'PACE'),
    change(
      'settle_line: the time at which a rate allows a start',
      '  if opens then\n    pace_limit(limit_at(line, index), opens)\n',
      '  if false then\n',
    ),
    change(
      'nudge: the time at which a rate allows a start',
      '    if opens then\n      pace_limit(limit, opens)\n    end\n    if room == 0 and',
      '    if room == 0 and',
    ),
    change(
      'keep_pace: an entry once',
      "      redis.call('ZREM', LIMITS.keys.paced, entry)\n      local kind",
      '      local kind',
    ),
  ]),
  ...missedBy('limits-waiting', [
    change('pace_limit: what is due', 'if rule.interval and at > LIMITS.now then', 'if rule.interval then'),
    change('look_at: a script without an alarm', 'is_news and LIMITS.keys.alarm and', 'is_news and'),
    change(
      'nudge: lines of queues whose keys are missing',
      '      WITHOUT_KEYS[name] = true\n      pace_limit(limit, LIMITS.now)\n    else',
      '      pace_limit(limit, LIMITS.now)\n    else',
    ),
  ]),
  ...missedBy('limits-waking', [
    change('add_to_lines: a task that keeps its slot', 'state and not kept[line]\n', 'state\n'),
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
      "    redis.call('ZREM', LIMITS.keys.waiters, waiter_of(queue, line, order, limit_at(line, index)))\n",
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
    change('nudge: the rest by promoters', '      return pace_limit(limit, LIMITS.now)\n', '      return\n'),
    change('nudge: a bell', '      if is_awake then\n        ring(queue.bell)\n', '      if false then\n'),
    change(
      'nudge: no bell for a line that waits still',
      '      if is_awake then\n        ring(queue.bell)',
      '      if true then\n        ring(queue.bell)',
    ),
    change(
      'nudge: a promoter for queues whose keys are missing',
      '      pace_limit(limit, LIMITS.now)\n    else',
      '    else',
    ),
    change(
      'nudge: entries of others',
      "    else\n      redis.call('ZREM', LIMITS.keys.waiters, found)\n    end",
      '    end',
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
      '  for index = 0, #line / 27 - 1 do\n    nudge(limit_at(line, index))\n  end\n',
    ),
    remove('forget_labels: a task that is woken', 'WAITED[limit]\n    or '),
    change('forget_labels: a task that waits', ' and not is_waited_for(limit)', ''),
    remove('forget_labels: a task that runs', 'not is_held(limit) and '),
    change(
      'forget_labels: a task of the line',
      'if not states[line] and not states[mark_of(line)] then\n      for index = 0, #line / 27 - 1 do\n        local limit = limit_at(line, index)\n        if not is_held',
      'if not states[mark_of(line)] then\n      for index = 0, #line / 27 - 1 do\n        local limit = limit_at(line, index)\n        if not is_held',
    ),
  ]),
  ...missedBy('limits-gates', [
    change(
      'wait_as_queue: the time at which its rate allows a start',
      '  if opens then\n    pace_limit(limit, opens)\n  end\nend\n\n-- Wakes',
      'end\n\n-- Wakes',
    ),
    change(
      'nudge: a queue that waits as a whole',
      "is_awake = line == '*' or refresh_line(queue, line)",
      'is_awake = refresh_line(queue, line)',
    ),
  ]),
  ...missedBy('limits-rules', [
    change('nudge_all: some keys at once', '  for _ = 1, MOST_WOKEN do', '  for _ = 1, 2000 do'),
    remove('nudge_all: the rest by promoters', "  look_at('*' .. name .. from, text(LIMITS.now))\n"),
    change(
      'nudge_all: keys behind one that is full',
      "    next = '[' .. from .. '~'\n  end\n  look_at",
      '  end\n  look_at',
    ),
    change('apply_rule: the keys of a limit', 'if #field == 28 then\n    nudge', 'if true then\n    nudge'),
    change(
      'set_entry: a key that is counted once',
      "redis.call('HSET', LIMITS.keys.limits, field, value) == 1 and",
      "redis.call('HSET', LIMITS.keys.limits, field, value) and",
    ),
    change(
      'set_entry: keys alone are counted',
      " == 1 and #field == 28 then\n    redis.call('HINCRBY', LIMITS.keys.limits, string.sub(field, 1, 6)",
      " == 1 then\n    redis.call('HINCRBY', LIMITS.keys.limits, string.sub(field, 1, 6)",
    ),
    remove('set_entry: the end of before', "  redis.call('ZREM', LIMITS.keys.paced, '!' .. field)\n"),
    change(
      'set_entry: what waits',
      "    look_at('!' .. field, ends)\n  end\n  change_at_once(apply_rule, field)",
      "    look_at('!' .. field, ends)\n  end",
    ),
    change('end_entry: what was set', 'if was_set == 1 and #field == 28 then', 'if #field == 28 then'),
    change('end_entry: keys alone are counted', 'if was_set == 1 and #field == 28 then', 'if was_set == 1 then'),
    change(
      'end_entry: no count of nothing',
      "if redis.call('HINCRBY', LIMITS.keys.limits, star, -1) <= 0 then",
      "if redis.call('HINCRBY', LIMITS.keys.limits, star, -1) < -9 then",
    ),
    change('end_entry: what waits', '  change_at_once(apply_rule, field)\n  return was_set', '  return was_set'),
    change(
      'stop_limit: a longer stop',
      "if ends > (noted(redis.call('HGET', LIMITS.keys.limits, field)) or 0) then",
      'do',
    ),
    change('keep_pace: the end of what was set', 'end_entry(rest)', 'nudge(rest)'),
    change('keep_pace: all keys of a limit', 'nudge_all(string.sub(rest, 1, 6), string.sub(rest, 7))', 'nudge(rest)'),
  ]),
];

/** By script. */
export const OF_LINES = {
  'lib/lines': LINES,
  'lib/limits': LIMITS,
  'lib/limit-ends': ENDS,
  'lib/ready-lines': READY,
};
