/** The guards of lines and limits in scripts that are about other things, see guards.mjs. */

import { change, missedBy, remove } from './guard-forms.mjs';

const CHECKED = '\nif wrong then\n  return wrong\nend\n';
/** The check of the keys of limits, which ends with this text. */
const nothingForeign = (end) =>
  missedBy('limits-foreign-keys', [
    change('a check of the keys of limits before the first write', `${end}${CHECKED}`, `${end}\n`),
  ]);
/** The same where it is one of several checks. */
const nothingForeignAmongOthers = (check) =>
  missedBy('limits-foreign-keys', [remove('a check of the keys of limits before the first write', check)]);

const RETURNED = 'local is_new = most > 0 and claim_number > tonumber(last)';
const CLAIM = missedBy('limits-waiting', [
  change('no pause beside limits', 'local any_rare =', 'local any_rare = false and'),
  change('no task beside lines of any queue', 'rare[i + 2] = queues[i].ready', 'rare[3] = queues[1].ready'),
  change('no quarantined task with limits', 'any_quarantined and is_limited_first(queues) or', 'false or'),
  change('a repeated reply beside lines', RETURNED, 'local is_new = most > 0'),
  change('acks of a claim of zero tasks beside lines', RETURNED, 'local is_new = claim_number > tonumber(last)'),
]);

const CLAIMS = missedBy('limits-waiting', [
  change('have_limits: the limit of a queue', 'its_gates[i] or ', ''),
  change('have_limits: lines', " or redis.call('EXISTS', queue.ready) == 1", ''),
  change('have_limits: limits and lines of other queues', 'its_gates[i] or redis', 'true or redis'),
  change('have_limits: limits of queues that are no foreign key', 'if its_gates.err then', 'if false then'),
  change(
    'is_limited_first: quarantined tasks without limits',
    'if first and may_have_limits(first) and line_of(first) then',
    'if first then',
  ),
]);

const LEAVE = missedBy('limits-leaving', [
  change('held_task: a message without the tag of its claim', 'message = without_gate(message),', 'message = message,'),
  change(
    'end_cancelled: the freed limits',
    "    end_limits(keys, task.known_queues, task.queue, task.claimed, CLAIMED)\n    leave_group(keys, task.known_queues, task.message, 'cancelled')",
    "    leave_group(keys, task.known_queues, task.message, 'cancelled')",
  ),
  change(
    'bury: the freed limits',
    "    end_limits(keys, task.known_queues, task.queue, task.claimed, CLAIMED)\n    leave_group(keys, task.known_queues, task.message, 'dead'",
    "    leave_group(keys, task.known_queues, task.message, 'dead'",
  ),
  change(
    'try_again: the slot of an ordered limit',
    'keep_ordered(keys, task, remembered(message, attempt.line))',
    'remembered(message, attempt.line)',
  ),
  change(
    'try_again: the freed limits',
    'update_key(keys.unique, queue.name, message)\n    give_up_slots(keys, task, message)\n',
    'update_key(keys.unique, queue.name, message)\n',
  ),
  change('put_back: the slot of an ordered limit', 'keep_ordered(keys, task, task.message)', 'task.message'),
  change(
    'put_back: the freed limits',
    'update_key(keys.unique, task.queue.name, message)\n        give_up_slots(keys, task, message)\n',
    'update_key(keys.unique, task.queue.name, message)\n',
  ),
  remove('bury_stray: the freed limits', '    end_limits(keys, queues, queue, message, CLAIMED)\n'),
  remove(
    'remove: what its line was woken for',
    '      if go_on(queue, line, first_in_line(queue, line)[1], false) then\n        ring(queue.bell)\n      end\n',
  ),
  remove('remove: the freed limits', '    end_limits(keys, queues, queue, message, WAITING)\n'),
]);

const ENLIST = missedBy('limits-waiting', [
  change('line_up: a line', 'may_have_limits(message) then\n      line,', 'false then\n      line,'),
  change('line_up: tasks before the first with a line', 'part(messages, 1, i - 1)', '{}'),
  remove('line_up: tasks behind the first with a line', '      plain[#plain + 1] = message\n'),
  change(
    'line_up: the time of a task that comes back',
    'line and is_new and turn_of(message)',
    'line and turn_of(message)',
  ),
  change('line_up: a bell for a line', 'add_to_lines(queue, entries, lines, kept) or may_start', 'may_start'),
  change(
    'line_up: a bell for tasks without a line beside one that waits',
    'add_to_lines(queue, entries, lines, kept) or may_start',
    'add_to_lines(queue, entries, lines, kept)',
  ),
  change('line_up: a bell for tasks without a line', 'local may_start = #plain > 0', 'local may_start = false'),
  change('line_up: no bell for a line that waits', 'local may_start = #plain > 0', 'local may_start = true'),
  remove('line_up: tasks without a line', '  push(queue.pending, plain, at_head)\n'),
  change(
    'enlist_new: no bell for a line that waits',
    'if line_up(keys, queues, queue, messages, false, true, is_sent) then',
    'line_up(keys, queues, queue, messages, false, true, is_sent)\n  do',
  ),
  change('enlist: a bell for a line', 'if may_start or #quarantined > 0 then', 'if #quarantined > 0 then'),
  change('enlist: no bell for a line that waits', 'if may_start or #quarantined > 0 then', 'do'),
  change('not_ahead: a clock that is ahead', 'turn_of(message) > now and', 'false and'),
  change('not_ahead: a time that is past', 'turn_of(message) > now and', 'turn_of(message) > 0 and'),
  change('line_up: a clock that is ahead', 'came > LIMITS.now or ', ''),
  remove('come_now: the new message under its key', '    update_key(keys.unique, queue.name, message)\n'),
]);

const PROMOTE = missedBy('limits-waiting', [
  change('no foreign line of due tasks', ' or any_limits and wrong_lines_of(keys, { queue }, due)', ''),
  change('what is left for others after a foreign key', 'left = wrong and left or left - #due', 'left = left - #due'),
  change(
    'due tasks with limits',
    'any_limits = any_limits or may_have_limits(message)',
    'any_limits = any_limits or false',
  ),
  remove(
    'whole_needed: limits in a short form',
    '  if any_limits and not IS_WHOLE then\n    return whole_needed()\n  end\n',
  ),
  change(
    'due tasks in spite of foreign keys of limits',
    'refused[#refused + 1] = wrong.err\n  else\n    -- one',
    'return wrong\n  else\n    -- one',
  ),
  change('lines whose rate allows a start', 'local at = keep_pace()', 'local at = nil'),
  remove('the time of the next', '    if at then\n      look_again(math.max(at, soonest))\n    end\n'),
  change('the queues of others', 'not known_queues[name] and name or nil', 'nil'),
  change('rates that are past', 'if forget_rates() then', 'if false then'),
  remove('more rates that are past', '      look_again(now + 10)\n'),
]);

/** By script. */
export const OF_LIMITS = {
  claim: CLAIM,
  'lib/claims': CLAIMS,
  'lib/leave': LEAVE,
  'lib/enlist': ENLIST,
  'lib/groups': missedBy('limits-waiting', [
    change('send: keys for a line', 'keys.limits and queue.held and not wrong_lines(keys, { queue })', 'true'),
    change('send: a line', '(not line or keys.limits and', '(not line and keys.limits and'),
  ]),
  promote: PROMOTE,
  'lib/pauses': missedBy('limits-waiting', [
    change('a bell for a task in a line', 'queue.quarantined, queue.held)', 'queue.quarantined)'),
  ]),
  finish: [
    ...nothingForeignAmongOthers('\n  or has_limits and wrong_lines(keys, queues)'),
    ...missedBy('limits-leaving', [
      remove(
        'whole_needed: limits in a short form',
        'if (may_limit or any_members) and not IS_WHOLE then\n  return whole_needed()\nend\n',
      ),
      remove(
        'the freed limits',
        '    end_limits_of(has_limits, held, messages, function(i) return known_queues[its_queue[i]] end)\n',
      ),
    ]),
  ],
  retry: nothingForeign('wrong_lines_of(keys, { queue }, { task.claimed })'),
  release: nothingForeign('wrong_lines_of(keys, queues, claimed)'),
  bury: nothingForeign('wrong_lines_of(keys, { queue }, { task.claimed })'),
  settle: [
    ...nothingForeignAmongOthers(' or wrong_lines(keys, queues)'),
    ...missedBy('limits-leaving', [
      change(
        'the freed limits of a dropped task',
        "  end_limits(keys, known_queues, task.queue, task.claimed, CLAIMED)\n  leave_group(keys, known_queues, task.message, 'dropped')",
        "  leave_group(keys, known_queues, task.message, 'dropped')",
      ),
      change(
        'the freed limits of a task that is done',
        "  end_limits(keys, known_queues, task.queue, task.claimed, CLAIMED)\n  leave_group(keys, known_queues, task.message, 'done')",
        "  leave_group(keys, known_queues, task.message, 'done')",
      ),
    ]),
  ],
  reap: nothingForeignAmongOthers(' or wrong_lines(keys, queues)'),
  'tend-groups': nothingForeignAmongOthers(' or wrong_lines(keys, queues)'),
  'cancel-waiting': nothingForeignAmongOthers(' or wrong_lines_of(keys, { queue }, { message })'),
  reschedule: nothingForeignAmongOthers(' or wrong_lines_of(keys, { queue }, { message })'),
  'purge-pending': [
    ...nothingForeignAmongOthers('\n  or wrong_lines(keys, { queue })'),
    ...missedBy('limits-leaving', [
      remove('the freed limits', '  end_limits(keys, known_queues, queue, message, WAITING)\n'),
    ]),
  ],
  redrive: nothingForeign('wrong_lines_of(keys, { queue }, messages)'),
  'redrive-edited': nothingForeign('wrong_lines_of(keys, { queue }, { message })'),
  'enqueue-unique': [
    ...nothingForeign('wrong_lines_of(keys, queues, { message, held and select(2, split(held)) or nil })'),
    ...missedBy('limits-leaving', [
      remove('a check for the limits of the former task', ', held and select(2, split(held)) or nil'),
      remove('the keys of limits in clear', 'note_labels(keys, labels, { message }, 1)\n'),
    ]),
  ],
  'lib/take-key': missedBy(
    'limits-waiting',
    change('a time that is not ahead, under its key', 'due <= now and may_have_limits(message) and', 'false and'),
  ),
  'enqueue-members': [
    ...nothingForeignAmongOthers(' or wrong_lines_of(keys, { queue }, messages)'),
    ...missedBy('limits-waiting', [
      remove('the keys of limits in clear', '  note_labels(keys, labels, fresh, #messages)\n'),
    ]),
  ],
  'fire-crons': [
    ...nothingForeign('wrong_lines_of(keys, { queue }, its_messages)'),
    ...missedBy('limits-waiting', [remove('the keys of limits in clear', '  note_labels(keys, labels, messages)\n')]),
  ],
  'enqueue-limited': missedBy('held-back', [
    remove('the keys of limits in clear', '  note_labels(keys, labels, fresh, #messages)\n'),
    change(
      'no keys in clear of tasks that were there before',
      'note_labels(keys, labels, fresh, #messages)',
      'note_labels(keys, labels, messages, #messages)',
    ),
  ]),
  'lib/limit-ends': missedBy('limits-waiting', [
    change('the keys in clear of tasks that are added alone', 'if theirs[labels[i]] then', 'if true then'),
  ]),
  'move-cron-run': [
    ...nothingForeign('wrong_lines_of(keys, { from, to }, { message })'),
    ...missedBy('limits-waiting', [remove('no slot that it kept', '  message = without_slots(message)\n')]),
  ],
  'set-limit': [
    ...missedBy('limits-changing', [
      remove(
        'the limit of a queue',
        "  redis.call('HSET', keys.gates, queue, string.sub(field, 1, 6) .. string.rep('-', 21))\n",
      ),
      change('nothing of queues for other limits', "if queue ~= '' then", 'do'),
      change('what was there before', 'HGET', 'HEXISTS'),
      change(
        'the same command again',
        "string.sub(before, -#details - 1) == ' ' .. details and '' or before",
        'before',
      ),
    ]),
  ],
  'reset-limit': [
    ...missedBy('limits-changing', [
      remove('a check of all keys before the first write', CHECKED.trimStart()),
      remove('its end', "redis.call('ZREM', keys.paced, '!' .. field, '!' .. stop)\n"),
      remove('the stop of a task', 'end_entry(stop)\n'),
      change('the end of the stop', ", '!' .. stop)", ')'),
      remove('the limit of a queue', "  redis.call('HDEL', keys.gates, queue)\n"),
      change(
        'the limit of a queue that an app declares',
        " and redis.call('HEXISTS', keys.limits, string.sub(field, 1, 6)) == 0",
        '',
      ),
    ]),
  ],
  'forget-limit': [
    ...missedBy('limits-changing', [
      remove('its gate', "  redis.call('HDEL', keys.gates, queue)\n"),
      change(
        'only an old declaration',
        "if (redis.call('HGET', keys.limits, name) or '') ~= declared then",
        'if false then',
      ),
      change('its gate, while something is set', " and redis.call('HEXISTS', keys.limits, name .. '!') == 0", ''),
    ]),
  ],
  'lib/limits': missedBy('limits-changing', [
    change('the end of what was set', "last ~= '0' and tonumber(last) <= LIMITS.now", 'false'),
    change(
      'nothing at 0 at once',
      'if rule.most and (not keeps or rule.most == 0) then',
      'if rule.most and not keeps then',
    ),
    change('the starts before a rule had a rate', "redis.call('ZMSCORE', LIMITS.keys.rates, limit)[1]", 'nil'),
    change('a start at a slower rate', 'if ARRIVALS[limit] > latest then', 'if false then'),
    change(
      'a start at a slower rate, for good',
      '    CHANGED[limit] = true\n  end\n  return ARRIVALS',
      '  end\n  return ARRIVALS',
    ),
  ]),
};
