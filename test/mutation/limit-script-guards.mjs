/** The guards of the scripts that limits have brought, see guards.mjs. */

import { change, missedBy, remove } from './guard-forms.mjs';

const CHECKED = 'if wrong then\n  return wrong\nend\n';
const NOTHING_FOREIGN = remove('a check of all keys before the first write', CHECKED);

const CLAIM_LIMITED = [
  ...missedBy('limits-leaving', [
    change(
      'grant: the limit of the queue of foreign bytes',
      'local gate = is_ours and gate_of',
      'local gate = gate_of',
    ),
    change('grant: limits of foreign bytes', 'is_ours and line and #line > 26', 'line and #line > 26'),
  ]),
  ...missedBy('limits-gates', [
    NOTHING_FOREIGN,
    change('read_gates: a limit that is none', 'if gate and #gate == 27 then', 'if gate then'),
    change(
      'a limit of the queue for each task',
      'if gate then\n    take_slot(gate)',
      'if false then\n    take_slot(gate)',
    ),
    change(
      'most_of: what the limit of the queue allows',
      'math.min(room_of(gate), left, left_limited)',
      'math.min(left, left_limited)',
    ),
    change(
      'most_of: what the child may have with limits',
      'math.min(room_of(gate), left, left_limited)',
      'math.min(room_of(gate), left)',
    ),
    change('grant: tasks of a queue with a limit as limited', 'if gate or is_limited then', 'if is_limited then'),
    change('is_shut: a queue with work', '  if has_work(queue) then\n    wait_as_queue', '  do\n    wait_as_queue'),
    change(
      'has_work: lines that may start',
      "#ready_lines(queue, '-inf', '(' .. text(WAITS), 1) > 0",
      "#ready_lines(queue, '-inf', '+inf', 1) > 0",
    ),
    change(
      'has_work: lines',
      "\n    or queue.has_lines ~= false and #ready_lines(queue, '-inf', '(' .. text(WAITS), 1) > 0",
      '',
    ),
    change(
      'take_all: the next queue when one is shut',
      'elseif not is_shut(queue) then',
      'elseif is_shut(queue) then\n      break\n    else',
    ),
    change(
      'bells of queues that are not shut',
      'if has_work(queue) and not is_shut(queue) then',
      'if has_work(queue) then',
    ),
    remove('more that may be claimed ahead', 'not gate_of[queue.name] and '),
  ]),
  ...missedBy('limits-claiming', [
    remove('a child that is registered', 'if lost then\n  count_stale(keys.stats, #acks / 20)\n  return lost\nend\n'),
    remove('acks of a child that is not registered', '  count_stale(keys.stats, #acks / 20)\n'),
    change('no stale number', 'if claim_number < tonumber(last) then', 'if false then'),
    change('a repeated number', 'if claim_number == tonumber(last) then', 'if false then'),
    remove('acks of tasks that others have', 'count_stale(keys.stats, #ids - acked)\n'),
    change(
      'paused queues',
      'open, paused = without_paused(keys.pauses, queues)',
      'paused = select(2, without_paused(keys.pauses, queues))',
    ),
    change('no more tasks than unpack returns', 'math.min(tonumber(limit), 1000)', 'tonumber(limit)'),
    remove('grant: heeded tags', '    heed_tags(keys.unique, keys.groups, stops, stopped, id, message)\n'),
    change(
      'grant: a list for tasks with zero bytes',
      "has_zero = has_zero or string.find(held, '\\0', 1, true)",
      'has_zero = false',
    ),
    change('grant: how many it may have', '  left = left - 1\n', ''),
    change('grant: how many with limits it may have', '    left_limited = left_limited - 1\n', ''),
    change('may_serve: no task with limits ahead', '(left_limited > 0 or #line < 27)', 'true'),
    change('may_serve: lines without limits ahead', '(left_limited > 0 or #line < 27)', 'left_limited > 0'),
    change('may_serve: some tasks of lines at once', 'of_lines < MOST_OF_LINES and ', ''),
    change(
      'source: lines that have become ready before the next',
      ' or line and state_of(queue, line) > its.bound then',
      ' then',
    ),
    change('source: more lines than are read at once', 'is_all = #found < AT_ONCE', 'is_all = true'),
    change(
      'on_ready: lines that have become ready',
      'if other == queue and state < 0 then\n      tenants.meet(state)',
      'if other == queue and state < 0 then\n      is_fair = true',
    ),
    change(
      'on_ready: lines without a tenant that have become ready',
      'elseif other == queue then\n      aged.meet(state)',
      'elseif other == queue then\n      is_fair = true',
    ),
    change('take_quarantined: a full limit', 'local index = entry and blocked_by(line, entry)', 'local index'),
    change(
      'take_quarantined: some looks',
      '  while looks < MOST_LOOKS do\n    local message',
      '  while true do\n    local message',
    ),
    change('first_two: lines of another queue with the same name', ' or known.queue ~= queue or', ' or'),
    change(
      'first_two: more tasks than are read at once',
      ' or not known[known.at + 1] and not known.is_all then',
      ' then',
    ),
    change('serve: a limit that is full by now', 'if not head or blocked_by(line, head) then', 'if not head then'),
    change(
      'serve: a quarantined task for a child that holds nothing',
      'if is_alone and (holds > 0 or #granted > 0) then',
      'if false then',
    ),
    change(
      'serve: a quarantined task for a child that gets nothing else',
      'is_alone and (holds > 0 or #granted > 0)',
      'is_alone and holds > 0',
    ),
    change(
      'serve: a quarantined task for a child that had nothing',
      'is_alone and (holds > 0 or #granted > 0)',
      'is_alone and #granted > 0',
    ),
    change('serve: nothing beside a quarantined task', 'left = is_alone and 0 or left', 'left = left'),
    change('take_plain: what came before the next line', 'came > before and came <= latest', 'false'),
    change('take: one of the list where tenants wait', 'fair and 1 or most', 'most'),
    change(
      'take: turns by claims',
      'local turn, in_list, is_fair = claim_number,',
      'local turn, in_list, is_fair = 1,',
    ),
    change(
      'take: turns of tenants',
      'fair and (turn % 2 == 0 or not oldest and not in_list)',
      'fair and not oldest and not in_list',
    ),
    change('take: turns of others', 'fair and (turn % 2 == 0 or not oldest and not in_list)', 'fair'),
    change('take: tags that are behind', '    forget_tags(queue)\n', ''),
    change('take_all: nothing else beside a quarantined task', 'left = #granted == 0 and left or 0', 'left = left'),
    change(
      'take_all: a quarantined task for a child that holds nothing',
      'if is_first and holds == 0 and',
      'if is_first and',
    ),
    change('take_all: no quarantined task behind others', 'local is_first = #granted == 0 and', 'local is_first ='),
    change(
      'take_all: no quarantined task for a child that may have none with limits',
      'holds == 0 and left_limited > 0 then',
      'holds == 0 then',
    ),
    change(
      'take_all: a child that drains for a quarantined task',
      'elseif is_first and holds > 0 and is_drainer(keys.drain, child) then',
      'elseif false then',
    ),
    change('take_all: one child that drains', 'holds > 0 and is_drainer(keys.drain, child)', 'holds > 0'),
    change('a bell for what is left', '    ring(queue.bell)\n', ''),
    change('what may be claimed ahead', 'is_plain_next(queue) and 1 or more', 'more'),
    change(
      'whether lines are left',
      "needed = needed == 1 and 1 or redis.call('EXISTS', queue.ready)",
      'needed = needed == 1 and 1 or 0',
    ),
  ]),
  ...missedBy('limits-leaving', [
    change(
      'grant: the slot that a task has kept',
      'take_slot(its, keeps and keeps_slot(message, its))',
      'take_slot(its)',
    ),
    change(
      'grant: the tag of a claim for a slot that was kept',
      "message = keeps and with_letter(message, 'L', its, 'l') or message",
      'message = message',
    ),
  ]),
];

/** By script. */
export const OF_LIMIT_SCRIPTS = {
  'claim-limited': CLAIM_LIMITED,
  'enqueue-limited': missedBy('limits-sending', [
    change('a refusal for those that ask for it', "if refuses == '1' and", 'if'),
    change(
      'no refusal of a repeated command',
      " and redis.call('GETBIT', keys.seen, tonumber(string.sub(messages[1], 13, 20), 36) % 4096) == 0 then",
      ' then',
    ),
    change('a refusal for those that wait', 'room_of(limit) <= waiting', 'room_of(limit) <= 0'),
    change(
      'a refusal for each limit',
      "for index = 0, #(line or '') / 27 - 1 do",
      "for index = 0, math.min(#(line or '') / 27 - 1, 0) do",
    ),
    change('a refusal of tasks without a line', "#(line or '') / 27", '#line / 27'),
    change('a time that is not past', 'if due > LIMITS.now then', 'if false then'),
    change('a time from now', "(due_from == 'in' and LIMITS.now or 0)", '0'),
    change('the time of Redis', 'queue, fresh, true)', 'queue, fresh)'),
    change(
      'the name of a foreign key',
      'return wrong_queues({ queue }) or wrong_lines(keys, { queue }) or added',
      'return added',
    ),
  ]),
  'set-limit': missedBy('limits-rules', [
    NOTHING_FOREIGN,
    change('an end', "for_ms == '' and '0' or text(LIMITS.now + for_ms)", "'0'"),
    change('an end that promoters know', ", for_ms ~= '' and ends)", ')'),
    change('no end', ", for_ms ~= '' and ends)", ', ends)'),
  ]),
  'forget-limit': missedBy('limits-rules', [
    NOTHING_FOREIGN,
    change(
      'a declaration of a newer session',
      "if (redis.call('HGET', keys.limits, name) or '') ~= declared then",
      'if false then',
    ),
    remove('the limit of a queue', "  redis.call('HDEL', keys.gates, queue)\n"),
    change('the limit of one queue', "  redis.call('HDEL', keys.gates, queue)\n", "  redis.call('DEL', keys.gates)\n"),
  ]),
  'open-session': missedBy('limits-rules', [
    change(
      'the rules of a newer session',
      "  redis.call('HSET', limits, name, rule)\n",
      "  redis.call('HSETNX', limits, name, rule)\n",
    ),
    change(
      'rules that have changed alone',
      'if not before or string.match(before, ALLOWED) ~= string.match(rule, ALLOWED) then',
      'do',
    ),
    change('what waits by another rule', "    redis.call('ZADD', paced, text(now), '*' .. name)\n", ''),
    change('a promoter for what waits by another rule', '    ring(alarm)\n', ''),
    change('the limits of queues', "  redis.call('HSET', gates, unpack(gated))\n", ''),
  ]),
};
