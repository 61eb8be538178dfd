/** The guards of tasks with limits that lie in the list of their queue, see guards.mjs. */

import { change, missedBy, remove } from './guard-forms.mjs';

const LINES = missedBy('limits-listed', [
  change(
    'line_of: the short way for one limit alone',
    "string.byte(message, 63) == 91 and string.match(message, '^l([%w_-]*)%[', 35)",
    "string.match(message, '^l([%w_-]*)%[', 35)",
  ),
  change('tenant_of: a line without a tenant', 'return #line % 27 == 20 and string.sub', 'return string.sub'),
  change("mark_of: another member than that of its line's state", "return '=' .. line", 'return line'),
]);

const READY = [
  ...missedBy('limits-listed', [
    remove(
      'flush_lines: the marks of a queue whose lines are empty',
      " and redis.call('ZCOUNT', queue.ready, text(LISTED), '+inf') == 0",
    ),
    change('read_lines: marks', '    if #line % 27 == 0 then\n', '    if false then\n'),
    change(
      'is_behind_listed: a line without a mark',
      '  if not mark then\n    return false\n  end\n  local turn',
      '  local turn',
    ),
    change('is_behind_listed: a line without a task', 'local is_behind = head and turn', 'local is_behind = turn'),
    change(
      'is_behind_listed: an older task at the head',
      'head and turn <= tonumber(string.sub(head, #line + 2, #line + 14))',
      'head ~= nil',
    ),
    change(
      'is_behind_listed: a task of the same time at the head',
      'head and turn <= tonumber',
      'head and turn < tonumber',
    ),
    change(
      'is_behind_listed: the turn of a mark with others behind it',
      'mark >= BEHIND and mark - BEHIND or mark - LISTED',
      'mark - LISTED',
    ),
    change(
      'is_behind_listed: the turn of a mark alone',
      'mark >= BEHIND and mark - BEHIND or mark - LISTED',
      'mark - BEHIND',
    ),
    change('is_behind_listed: that others wait behind it', '(is_behind and BEHIND or LISTED) + turn', 'LISTED + turn'),
    change('is_behind_listed: that none waits behind it', '(is_behind and BEHIND or LISTED) + turn', 'BEHIND + turn'),
    remove('is_behind_listed: the mark', '    put_state(queue, mark_of(line), its)\n'),
    change(
      'drop_state: what the line waits for',
      '    forget_waiter(queue, line, before)\n    put_state(queue, line, false)\n',
      '    put_state(queue, line, false)\n',
    ),
    change(
      'drop_state: the state',
      '    forget_waiter(queue, line, before)\n    put_state(queue, line, false)\n',
      '    forget_waiter(queue, line, before)\n',
    ),
    change('settle_line: a line behind its task in the list', 'is_behind_listed(queue, line, head) then', 'false then'),
    change(
      'settle_line: the state of a line that waits behind its task from now on',
      '    drop_state(queue, line)\n    return false\n',
      '    return false\n',
    ),
    change(
      'settle_line: no bell for a line behind its task in the list',
      '    drop_state(queue, line)\n    return false\n',
      '    drop_state(queue, line)\n    return true\n',
    ),
    change(
      'vanish_line: the state',
      'drop_state(queue, line), tenant_of(line)',
      'state_of(queue, line), tenant_of(line)',
    ),
    remove('vanish_line: the mark of a line of which none waits any more', '    is_behind_listed(queue, line)\n'),
    change('vanish_line: a tag that nobody was given', 'elseif before and was_given then', 'elseif before then'),
    change(
      'may_list: a task that is not new',
      'if turn < LIMITS.now - FRESH or marks[mark] then',
      'if marks[mark] then',
    ),
    change(
      'may_list: another task of the same command',
      'if turn < LIMITS.now - FRESH or marks[mark] then',
      'if turn < LIMITS.now - FRESH then',
    ),
    change('may_list: a line that is there', 'if known[1] or known[2] or', 'if known[2] or'),
    change('may_list: another task of the line in the list', 'if known[1] or known[2] or', 'if known[1] or'),
    remove('may_list: tasks that wait for a limit', ' or any_waiters() and is_any_waited_for(line)'),
    remove('may_list: the mark', '  marks[#marks + 1] = marks[mark]\n  marks[#marks + 1] = mark\n'),
    change('may_list: the turn of the mark', 'marks[mark] = LISTED + turn', 'marks[mark] = LISTED'),
    change(
      'is_any_waited_for: each limit',
      '    if is_waited_for(limit_at(line, index)) then\n      return true\n    end\n',
      '    do return is_waited_for(limit_at(line, index)) end\n',
    ),
    remove('put_marks: the marks', '    put_state(queue, marks[i], marks[marks[i]])\n'),
    remove('note_marks: the marks', "  redis.call('ZADD', queue.ready, unpack(marks))\n"),
    remove('note_marks: what the script knows', '    known[marks[i]] = marks[marks[i]]\n'),
    change('unlist: a task without a mark', '  if not mark then\n    return false\n  end\n  put_state', '  put_state'),
    change('unlist: the mark', '  put_state(queue, member, false)\n  return mark', '  return mark'),
    change('unlist: the tasks behind it', 'return mark >= BEHIND and refresh_line(queue, line)', 'return false'),
    change(
      'unlist: a bell for the tasks behind it alone',
      'return mark >= BEHIND and refresh_line(queue, line)',
      'refresh_line(queue, line)\n  return true',
    ),
    change(
      'forget_labels: a task in the list',
      ' and not states[mark_of(line)] then\n      for index = 0, #line / 27 - 1 do\n        local limit = limit_at(line, index)\n        if not is_held',
      ' then\n      for index = 0, #line / 27 - 1 do\n        local limit = limit_at(line, index)\n        if not is_held',
    ),
    change('forget_labels: a label to forget', '  if #labels > 0 then\n', '  do\n'),
    change(
      'add_to_lines: reads before writes',
      '  read_lines(queue, distinct)\n  local states, named = STATES[queue.name], {}',
      '  local states, named = STATES[queue.name] or {}, {}',
    ),
  ]),
];

const ENLIST = missedBy('limits-listed', [
  change(
    'line_up: no task that comes back in the list',
    'if line and not (came and not order',
    'came = turn_of(message)\n    if line and not (not order',
  ),
  remove('line_up: no task with a tenant or priority in the list', ' and not order'),
  remove('line_up: no task that keeps a slot in the list', ' and not keeps'),
  change('line_up: the list', 'not (came and not order and not keeps and may_list(queue, line, came, marks))', 'true'),
  change('line_up: the time of a task that its sender sends late', ' or is_sent and came < LIMITS.now - FRESH', ''),
  change(
    'line_up: the time of a task of another message',
    'or is_sent and came < LIMITS.now - FRESH',
    'or came < LIMITS.now - FRESH',
  ),
  remove(
    'line_up: the time of Redis in a line',
    '      message = is_sent and at_time(message, LIMITS.now) or message\n',
  ),
  change(
    'line_up: the time of others in a line',
    'message = is_sent and at_time(message, LIMITS.now) or message',
    'message = at_time(message, LIMITS.now)',
  ),
  remove('line_up: a foreign list before a task is in its line', "    redis.call('LLEN', queue.pending)\n"),
  remove('line_up: marks before the tasks behind them', '    put_marks(queue, marks)\n'),
  change('line_up: marks without tasks in lines', 'if marks and not entries then', 'if false then'),
  change('line_up: marks that tasks in lines have changed', 'if marks and not entries then', 'if marks then'),
  change(
    'line_up: marks behind the push',
    '  push(queue.pending, plain, at_head)\n  if marks and not entries then\n    -- behind the push: without its task a mark would keep its line from starting\n    note_marks(queue, marks)\n  end\n',
    '  if marks and not entries then\n    note_marks(queue, marks)\n  end\n  push(queue.pending, plain, at_head)\n',
  ),
]);

const LEAVE = missedBy('limits-listed', [
  change(
    'may_be_listed: a task with others behind it',
    'mark == LISTED + turn or mark == BEHIND + turn',
    'mark == LISTED + turn',
  ),
  change('may_be_listed: a task alone', 'mark == LISTED + turn or mark == BEHIND + turn', 'mark == BEHIND + turn'),
  change(
    'remove: a task that was found in its line',
    "(place == 'pending' or place == 'held') and may",
    "place == 'pending' and may",
  ),
  change(
    'remove: a task that was found in the list',
    "(place == 'pending' or place == 'held') and may",
    "place == 'held' and may",
  ),
  change(
    'remove: foreign bytes in a line',
    "removed = place == 'held' and 0 or remove_listed",
    'removed = remove_listed',
  ),
  change(
    'remove: a bell for its line',
    '      if go_on(queue, line, first_in_line(queue, line)[1], false) then\n        ring(queue.bell)\n',
    '      if go_on(queue, line, first_in_line(queue, line)[1], false) and false then\n        ring(queue.bell)\n',
  ),
  change(
    'remove: no bell for a line that waits',
    '      if go_on(queue, line, first_in_line(queue, line)[1], false) then\n        ring(queue.bell)\n',
    '      if go_on(queue, line, first_in_line(queue, line)[1], false) or true then\n        ring(queue.bell)\n',
  ),
  change(
    'remove: a task in the list',
    "(is_listed or passed and place == 'pending') and",
    "(passed and place == 'pending') and",
  ),
  change(
    'remove: a task that others have put into the list',
    "(is_listed or passed and place == 'pending') and",
    'is_listed and',
  ),
  change('remove: the mark of another task', 'if removed > 0 and is_listed and change', 'if removed > 0 and change'),
  change(
    'remove: the mark',
    'if removed > 0 and is_listed and change_at_once(unlist, queue, line) then',
    'if false then',
  ),
  change(
    'remove: the mark of another task of the same time',
    'if removed > 0 and is_listed and change_at_once(unlist, queue, line) then',
    'if is_listed and change_at_once(unlist, queue, line) then',
  ),
  change(
    'remove: a bell for those behind it',
    'if removed > 0 and is_listed and change_at_once(unlist, queue, line) then',
    'if removed > 0 and is_listed and change_at_once(unlist, queue, line) and false then',
  ),
  change(
    'remove: no bell for those behind it that wait',
    'if removed > 0 and is_listed and change_at_once(unlist, queue, line) then',
    'if removed > 0 and is_listed and (change_at_once(unlist, queue, line) or true) then',
  ),
]);

const LOOKING = missedBy('limits-listed', [
  change(
    'tasks_ahead: the one in the list',
    'tasks_in(queue, line, entry) + (is_listed and 1 or 0)',
    'tasks_in(queue, line, entry)',
  ),
  change('tasks_ahead: one in the list that came later', "'') or 0) >= BEHIND", "'') or 0) >= LISTED"),
  remove('lines_of_kind: lines behind their task in the list', ", text(BEHIND), '+inf'"),
  change('lines_of_kind: lines that have a task in the list alone', "text(BEHIND), '+inf'", "text(LISTED), '+inf'"),
  change('lines_of_kind: the names of lines by their marks', "string.match(member, '^=?(.*)$')", 'member'),
]);

const ENDS = missedBy('limits-listed', [
  change('note_labels: tasks that were there before', 'elseif #added == sent then', 'elseif sent then'),
  change('note_labels: tasks with other limits', 'elseif #added == sent then', 'elseif true then'),
  change('limits_of: other tags', '    if letters[letter] then\n', '    do\n'),
  change(
    'limits_among: those of several tasks',
    'limits_of(messages[i], CLAIMED, found) or found',
    'limits_of(messages[i], CLAIMED) or found',
  ),
  change('end_limits: slots of a task without a line', 'if #given_up == 0 and not line then', 'if not line then'),
  change(
    'end_limits: the line of a task without slots',
    'if #given_up == 0 and not line then',
    'if #given_up == 0 then',
  ),
]);

const RESULTS = missedBy('results', [
  change('result_tag: a message that has tags', "has_more_tags(message) and tag(message, 'r')", 'false'),
]);

const LIMITS = missedBy('limits-rules', [
  remove('rule_of: that keys have rules of their own', '    base.has_keys = star\n'),
  change('rule_of: rules that are kept for a script', '    RULES[name] = base\n', '    RULES[name] = {}\n'),
  change('rule_of: a key that is stopped', '  if stopped then\n    known', '  if false then\n    known'),
  change('read_slots: what Redis has', "USED[limit] = tonumber(slots[i] or '') or 0", 'USED[limit] = 0'),
]);

const TAGS = missedBy('unique-keys', [
  change(
    'has_more_tags: tags behind a limit',
    'first ~= 91 and (first ~= 108 or string.byte(message, 63) ~= 91)',
    'first ~= 91 and first ~= 108',
  ),
  change(
    'has_more_tags: tags in front of a limit',
    'first ~= 91 and (first ~= 108 or string.byte(message, 63) ~= 91)',
    'first == 108 and string.byte(message, 63) ~= 91',
  ),
]);

const CLAIM_LIMITED = [
  ...missedBy('limits-starving', [
    change('take_from_list: a clock that is ahead', 'claim_number % 4 > 1 and LIMITS.now or math.huge', 'math.huge'),
  ]),
  ...missedBy('limits-listed', [
    change(
      'take_from_list: a clock that is ahead, in turn',
      'claim_number % 4 > 1 and LIMITS.now or math.huge',
      'LIMITS.now',
    ),
    change('take_from_list: that the next came later', 'return count, is_later', 'return count, false'),
    change(
      'take_from_list: no task behind one that stays',
      'if is_later or line and not give_listed(queue, message, line) then',
      'if is_later or line and not give_listed(queue, message, line) and false then',
    ),
    change(
      'take_from_list: no task behind one that came later',
      'if is_later or line and not give_listed(queue, message, line) then',
      'if line and not give_listed(queue, message, line) then',
    ),
    change(
      'give_listed: some looks',
      'if looks == MOST_LOOKS then\n    return false\n  elseif state_of',
      'if state_of',
    ),
    change(
      'give_listed: what the child may have with limits',
      '  elseif left_limited > 0 then\n    grant(queue, message, line)\n    unlist(queue, line)\n  else\n    return false\n  end\n',
      '  else\n    grant(queue, message, line)\n    unlist(queue, line)\n  end\n',
    ),
    change(
      'give_listed: one that is full, for a child that may have none with limits',
      'elseif state_of(queue, line) or blocked_by(line) then',
      'elseif left_limited > 0 and (state_of(queue, line) or blocked_by(line)) then',
    ),
    change(
      'give_listed: others of its line that came before',
      'if state_of(queue, line) or blocked_by(line) then',
      'if blocked_by(line) then',
    ),
    change(
      'give_listed: a full limit',
      'if state_of(queue, line) or blocked_by(line) then',
      'if state_of(queue, line) then',
    ),
    remove('give_listed: the mark of one that goes into its line', '    put_state(queue, mark_of(line), false)\n'),
    remove('give_listed: lines that were not there', '    queue.has_lines = true\n'),
    change('give_listed: a look', '  looks = looks + 1\n  return true\nend', '  return true\nend'),
    change(
      'give_listed: its limits',
      '    grant(queue, message, line)\n    unlist',
      '    grant(queue, message)\n    unlist',
    ),
    change(
      'give_listed: the mark',
      '    grant(queue, message, line)\n    unlist(queue, line)\n',
      '    grant(queue, message, line)\n',
    ),
    change('take_from_list: how many the child may have', 'math.min(most, MOST_OF_LIST) - 1', 'MOST_OF_LIST - 1'),
    change('take_from_list: out of the list', "    redis.call('LPOP', queue.pending, count)\n", ''),
    change(
      'drop_marks: a list that is there',
      "redis.call('EXISTS', queue.pending) == 0 and ready_lines",
      'ready_lines',
    ),
    remove('drop_marks: the marks', '    unlist(queue, string.sub(mark, 2))\n'),
    change('drop_marks: lines that may start by now', 'return #marks > 0', 'return false'),
    remove('drop_marks: some looks', '  looks = looks + #marks\n'),
    change('take: lines', "queue.has_lines = redis.call('EXISTS', queue.held) == 1", 'queue.has_lines = false'),
    change(
      'take: lines that came meanwhile',
      'if queue.has_lines and not aged then',
      'if queue.has_lines and not aged and looks == 0 then',
    ),
    change('take: a list whose next is not the oldest', 'in_list = count > 0 or is_later', 'in_list = count > 0'),
    change('take: no list before its turn', 'if not is_turn and in_list then', 'if in_list then'),
    change(
      'take: a tenant whose turn comes',
      'elseif count == 0 and not fair and not drop_marks(queue) then',
      'elseif count == 0 and not drop_marks(queue) then',
    ),
    change(
      'take: more of the list',
      'elseif count == 0 and not fair and not drop_marks(queue) then',
      'elseif not fair and not drop_marks(queue) then',
    ),
    change('take: the list before a line that came later', 'elseif count == 0 and oldest then', 'elseif oldest then'),
    change('take: marks of a list that is gone', 'not fair and not drop_marks(queue) then', 'not fair then'),
    change('is_plain_next: a task with a line', 'return not (may_have_limits(next) and line_of(next))', 'return true'),
    change(
      'is_plain_next: a task whose tags are no line',
      'return not (may_have_limits(next) and line_of(next))',
      'return not may_have_limits(next)',
    ),
    change(
      'is_plain_next: a task without a line',
      'return not (may_have_limits(next) and line_of(next))',
      'return false',
    ),
    change(
      'is_plain_next: a quarantined task',
      "return redis.call('EXISTS', queue.quarantined) == 1\nend\n\nlocal more",
      'return false\nend\n\nlocal more',
    ),
    change(
      'is_plain_next: no task',
      "return redis.call('EXISTS', queue.quarantined) == 1\nend\n\nlocal more",
      'return true\nend\n\nlocal more',
    ),
  ]),
];

/** By script. */
export const OF_LISTED = {
  'lib/lines': LINES,
  'lib/ready-lines': READY,
  'lib/enlist': ENLIST,
  'lib/leave': LEAVE,
  'lib/looking': LOOKING,
  'lib/limit-ends': ENDS,
  'lib/results': RESULTS,
  'lib/limits': LIMITS,
  'lib/tags': TAGS,
  'claim-limited': CLAIM_LIMITED,
  'enqueue-limited': missedBy('limits-listed', [
    remove('a refusal for the one in the list', ' + (state_of(queue, mark_of(line)) and 1 or 0)'),
  ]),
  'purge-pending': missedBy('limits-listed', [
    change(
      'the marks of those in the list',
      "if place == 'pending' and #tagged > 0 and change_at_once(leave_list) then",
      'if false then',
    ),
    change(
      'the marks of those that wait elsewhere',
      "if place == 'pending' and #tagged > 0 and change_at_once(leave_list) then",
      'if #tagged > 0 and change_at_once(leave_list) then',
    ),
    change(
      'a bell for those behind one in the list',
      "if place == 'pending' and #tagged > 0 and change_at_once(leave_list) then\n  ring(queue.bell)\n",
      "if place == 'pending' and #tagged > 0 and change_at_once(leave_list) then\n",
    ),
    change(
      'no bell for those that wait',
      "if place == 'pending' and #tagged > 0 and change_at_once(leave_list) then",
      "if place == 'pending' and #tagged > 0 and (change_at_once(leave_list) or true) then",
    ),
    change(
      'a bell for each line',
      'may_start = unlist(queue, line_at[i]) or may_start',
      'may_start = unlist(queue, line_at[i])',
    ),
    change(
      'a mark of its own',
      'if line_at[i] and may_be_listed(queue, line_at[i], message) then',
      'if line_at[i] then',
    ),
    change('a bell for a line that lost its first', '  if may_start then\n    ring(queue.bell)\n  end\n', ''),
    change(
      'no bell for a line that waits',
      '  if may_start then\n    ring(queue.bell)\n  end\n',
      '  ring(queue.bell)\n',
    ),
    change(
      'a bell for each line that lost its first',
      'may_start = go_on(queue, line, first_in_line(queue, line)[1], false) or may_start',
      'may_start = go_on(queue, line, first_in_line(queue, line)[1], false)',
    ),
  ]),
  claimable: missedBy('limits-listed', [
    change(
      'in_lines: lines that may start',
      "{ { '-inf', '(' .. text(WAITS) }, { text(LISTED), '+inf' } }",
      "{ { text(LISTED), '+inf' } }",
    ),
    change(
      'in_lines: tasks in the list',
      "{ { '-inf', '(' .. text(WAITS) }, { text(LISTED), '+inf' } }",
      "{ { '-inf', '(' .. text(WAITS) } }",
    ),
    remove('in_lines: some lines of all queues', ' - looked'),
    remove('in_lines: the lines that were looked at', '    looked = looked + few\n'),
    change('in_lines: more lines than are looked at', '    found = found + all - few\n', ''),
    change(
      'in_lines: those of a line of its own once',
      "(is_listed == '' or state >= BEHIND) and tasks_in",
      'tasks_in',
    ),
    change(
      'in_lines: those behind one in the list',
      "(is_listed == '' or state >= BEHIND) and tasks_in",
      "is_listed == '' and tasks_in",
    ),
    change(
      'in_lines: those of a line without one in the list',
      "(is_listed == '' or state >= BEHIND) and tasks_in",
      'state >= BEHIND and tasks_in',
    ),
    change('in_lines: the one in the list', 'waiting + #is_listed', 'waiting'),
    change('tasks in the list once', 'math.max(counts[i] - listed, 0) + found', 'counts[i] + found'),
    change('marks of a list that is gone', 'math.max(counts[i] - listed, 0) + found', 'counts[i] - listed + found'),
    change('limits_in: each limit', 'limits[index + 1] = ', 'limits[1] = '),
  ]),
  'find-pending': missedBy('limits-listed', [
    change('the tasks of its line before it', 'line and tasks_ahead(queue, line, found[i]) or left', 'left'),
  ]),
};
