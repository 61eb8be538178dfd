/** The guards of lua/lib/groups.lua, see guards.mjs. */

import { change, missedBy, remove } from './guard-forms.mjs';

const COUNTS = missedBy('groups', [
  remove('wrong_groups: a hash', "wrong_type('hash', keys.groups) or "),
  remove('wrong_groups: sorted sets', "wrong_type('zset', keys.group_times, keys.groups_ended)\n      or "),
  remove('wrong_groups: a list', "\n      or wrong_type('list', keys.released)"),
  change('member_of: a message that has tags', "has_more_tags(message) and tag(message, 'g')", 'false'),
  change(
    'is_over: a cancelled group',
    "return state == 'cancelled' or state == 'expired'",
    "return state == 'expired'",
  ),
  change('call_back: the status', 'string.find(entry, \',["$"]\', 1, true)', 'nil'),
  change('take: once', "redis.call('HDEL', keys.groups, field) == 1 and entry or nil", 'entry or nil'),
  change('close: a group that has failed', "group.bad > 0 and 'failed' or 'done'", "'done'"),
  remove('close: onDone', "      call_back(group, 'done')\n"),
  remove('close: no onFailed once all is done', "      redis.call('HDEL', keys.groups, group.id .. ' failed')\n"),
  change(
    'close: a dead onDone of a batch that has failed',
    "if entry and group.state ~= 'cancelled' then",
    'if false then',
  ),
  change(
    'close: no dead onDone of a batch that was cancelled',
    "if entry and group.state ~= 'cancelled' then",
    'if entry then',
  ),
  remove('close: the list of those that have ended', "    redis.call('ZADD', keys.groups_ended, now, group.id)\n"),
  change(
    'settle: the end of a group in which nothing is open',
    'if group.open <= 0 then\n      close(',
    'if false then\n      close(',
  ),
  change(
    'settle: no end before the last member',
    'if group.open <= 0 then\n      close(',
    'if group.open <= 1 then\n      close(',
  ),
  remove('fail: onFailed', "      call_back(group, 'failed')\n"),
  change(
    'left: a group that has ended',
    'if not group or group.open <= 0 then\n      return\n',
    'if not group then\n      return\n',
  ),
  change(
    'left: a failure that is allowed',
    "local covered = group.policy == 'end'\n    if group.kind",
    'local covered = false\n    if group.kind',
  ),
  change('left: no wait for the dead of a stopped group', '    covered = covered or is_over(group.state)\n', ''),
  change('left: how it ended', 'group[how] = group[how] + 1', 'group.done = group.done + 1'),
  change('left: a dead member that is waited for', 'group.held = group.held + 1', 'group.open = group.open - 1'),
  change('left: a deleted member is dead no more', 'group.dead = group.dead - 1\n      group.held', 'group.held'),
  change(
    'left: a deleted member is not waited for',
    'group.open = group.open - (covered and 0 or 1)',
    'group.open = group.open',
  ),
  change('left: a member that is open no more', '    else\n      group.open = group.open - 1\n    end\n', '    end\n'),
  remove('left: the count of failures', '    group.bad = group.bad + (is_failure and 1 or 0)\n'),
  change(
    'left: the first culprit',
    "redis.call('HSETNX', keys.groups, id .. ' culprit'",
    "redis.call('HSET', keys.groups, id .. ' culprit'",
  ),
  change(
    'redriven: a group that was stopped',
    'if is_over(group.state) then\n      own.left',
    'if false then\n      own.left',
  ),
  change('redriven: a dead member less', 'group.dead = group.dead - 1\n    group.open', 'group.open'),
  change('redriven: open again', 'group.open = group.open + (covered and 1 or 0)', 'group.open = group.open'),
  change('redriven: waited for no more', 'group.held = group.held - (covered and 0 or 1)\n    group.bad', 'group.bad'),
  change('redriven: a failure less', 'group.bad = group.bad - (covered and 0 or 1)', 'group.bad = group.bad'),
  change(
    'redriven: open once nothing has failed',
    "if group.bad <= 0 and group.state == 'failed' then",
    'if false then',
  ),
  change('stop: no wait for the dead', 'group.open, group.held = group.open - group.held, 0', 'group.held = 0'),
  change(
    'stop: no wait for the sender',
    '    end_filling(group)\n    group.open, group.held',
    '    group.open, group.held',
  ),
  change(
    'seal: once',
    'if not end_filling(group) then\n      return false',
    'if not end_filling(group) and false then\n      return false',
  ),
]);

const UNSEALED = missedBy('groups', [
  change('seal: onFailed of an abandoned batch', "own.fail(group, 'abandoned')", ''),
  change(
    'end_filling: no wait for the sender',
    'group.open = group.open - (is_news and 1 or 0)',
    'group.open = group.open',
  ),
]);

const NODES = missedBy('flow-nodes', [
  change('send: its time in the queue', 'base36(tonumber(now), 9)', 'string.sub(message, 26, 34)'),
  change(
    'reach: the policy of a node',
    "local goes_on = how == 'done' or node.policy == 'end'",
    "local goes_on = how == 'done'",
  ),
  change('reach: one less to wait for', 'node.waits = node.waits - 1', 'node.waits = node.waits'),
  change('reach: all that it waits for', '(not goes_on or node.waits <= 0) and take(node.id)', 'take(node.id)'),
  change(
    'reach: the death of a node that waits in vain',
    "      hand_on('! ' .. entry)\n    end\n  end",
    '    end\n  end',
  ),
  change(
    'reach_all: those with that policy',
    "if node and (which == 'all' or node.policy == which) then",
    'if node then',
  ),
  change('reach_all: so many at once', 'looked < NODES_AT_ONCE', 'looked < 1000000'),
  change('reach_all: the rest later', 'if at <= #waiting then', 'if false then'),
  change('end_node: once', "not early then\n      node.told = '1'", "not early then\n      node.told = '0'"),
  change('end_node: after a death those that still wait', "told and 'fail' or 'all'", "'all'"),
  change('end_node: a death for those that go on', "if how == 'dead' and not told then", 'if false then'),
  change(
    'end_node: a failure that nothing hangs on',
    "'all', 1)\n    end\n    return node.covered == '1'",
    "'all', 1)\n    end\n    return false",
  ),
  change('hang_on: more to wait for', 'node.waits = node.waits + more', 'node.waits = node.waits'),
  change('behind: covered as the node that runs', 'count, node_at(group, number).covered', "count, '0'"),
  change(
    'start: nodes that wait for nothing',
    "node.state == 'waiting' and node.waits <= 0 and take(node.id)",
    "node.state == 'waiting' and take(node.id)",
  ),
  remove('end_waiting: the count', '    current.cancelled = current.cancelled + #ended\n'),
  remove('end_waiting: open no more', '    current.open = current.open - #ended\n'),
  remove('stop: the end of nodes that wait', "      hand_on('x ' .. group.id .. ' 0')\n"),
  remove('forget: nodes of a later part', "      hand_on('f ' .. id .. ' ' .. text(next))\n"),
  remove('forget: those that waited for a node', "      fields[#fields + 1] = id .. ' d' .. text(node.number)\n"),
  change(
    'close: a limit of those that have ended',
    "redis.call('ZCARD', keys.groups_ended) > MOST_ENDED + 100",
    'false',
  ),
]);

const CANCELLED_NODES = missedBy('groups-nodes', [
  change(
    'end_node: nobody is reached before all are there',
    "local early = how == 'cancelled' and",
    'local early = false and',
  ),
  change(
    'end_node: those that wait are reached once',
    "if how == 'dead' or how == 'cancelled' and not early then",
    "if how == 'dead' then",
  ),
  change(
    'start: those that wait for one that was cancelled before',
    "if node.state == 'cancelled' and node.told == '0' then",
    'if false then',
  ),
]);

export const GROUP_GUARDS = [...COUNTS, ...NODES, ...CANCELLED_NODES];

/** Where a task leaves a state: each way counts it in its group. */
const LEAVING = missedBy('groups', [
  remove(
    'end_cancelled: the count in its group',
    "    leave_group(keys, task.known_queues, task.message, 'cancelled')\n",
  ),
  remove('bury: the count in its group', "    leave_group(keys, task.known_queues, task.message, 'dead', report)\n"),
  remove(
    'delete_dead: the count in its group',
    "      leave_group(keys, known_queues, message_of(record), 'deleted')\n",
  ),
  change(
    'redrive: the count in its group',
    'member_of(message) and not shared_groups(keys, known_queues).redriven(message)',
    'false',
  ),
  change('redrive: no tag of a group that has ended', 'messages[i] = without_group(message)', 'messages[i] = message'),
]);

/** By script: those of groups, and the lines of others that are about groups. */
export const OF_GROUPS = {
  'lib/groups': [...COUNTS, ...UNSEALED, ...NODES],
  'lib/leave': LEAVING,
  'open-group': missedBy('groups', [
    remove(
      'a time in which it is filled',
      "redis.call('ZADD', keys.group_times, text(now + unsealed_ms), group .. ' unsealed')\n",
    ),
    remove('its deadline', "  redis.call('ZADD', keys.group_times, text(now + deadline_ms), group .. ' deadline')\n"),
    remove('onDone', "  redis.call('HSET', keys.groups, group .. ' done', done)\n"),
    remove('onFailed', "  redis.call('HSET', keys.groups, group .. ' failed', failed)\n"),
    change('a group that is there', "if redis.call('HEXISTS', keys.groups, group) == 1 then", 'if false then'),
  ]),
  'enqueue-members': missedBy('groups', [
    change(
      'the number of all',
      'its.total, its.open = its.total + added, its.open + added',
      'its.open = its.open + added',
    ),
    change(
      'the number of those that have not ended',
      'its.total, its.open = its.total + added, its.open + added',
      'its.total = its.total + added',
    ),
    change('a batch that has ended', 'its.open <= 0 or is_over(its.state)', 'false'),
  ]),
  'add-nodes': missedBy('flow-nodes', [
    change(
      'nodes that are there',
      "elseif redis.call('HEXISTS', keys.groups, group .. ' n' .. nodes[1]) == 1 then\n  return 0\n",
      '',
    ),
    change(
      'a flow that has ended',
      'its.open <= 0 or is_over(its.state) or not groups.runs(its, behind)',
      'not groups.runs(its, behind)',
    ),
    change('a node that runs', ' or not groups.runs(its, behind)', ''),
    change(
      'the numbers',
      'its.total, its.open = its.total + #nodes / 4, its.open + #nodes / 4',
      'its.total = its.total + #nodes / 4',
    ),
    remove('what waits for the node that runs', 'groups.hang_on(its, hanging, ends)\n'),
    change(
      'a start with the last part',
      "if starts == '1' and behind == '' and groups.seal(its)",
      "if behind == '' and groups.seal(its)",
    ),
  ]),
  'seal-group': missedBy('groups', [change('a sender that gives up', "abandoned == '1'", 'false')]),
  'tend-groups': missedBy('flow-nodes', [
    remove(
      'bury_waiting: its result',
      '  keep_failure(known_results[id] and known_results[id].result, message, report)\n',
    ),
    remove('bury_waiting: its count', "  leave_group(keys, known_queues, message, 'dead', report)\n"),
    change('a task whose queue is unknown', 'second and not queue or ', ''),
    remove('those who wait for results', '    remember_removed(keys.removed, now, asking)\n'),
    change('a deadline', "groups.stop(its, 'expired', keys.broadcasts, broadcasts_kept)", 'groups.settle(its)'),
    change(
      'a flow that was abandoned',
      "groups.stop(its, 'abandoned', keys.broadcasts, broadcasts_kept)",
      'groups.settle(its)',
    ),
    { ...change('a batch that was abandoned', '      groups.seal(its, true)\n', ''), tests: 'groups' },
    change('old groups', 'forget_old()\nreturn', 'return'),
  ]),
  finish: missedBy('groups', [
    remove(
      'the count in its group',
      '    leave_group(keys, known_queues, message, HOW[string.sub(results[i], 1, 1)])\n',
    ),
    change('how a task ended: dropped', "x = 'dropped'", "x = 'done'"),
  ]),
  settle: missedBy('groups', [
    remove('the count of a dropped task in its group', "  leave_group(keys, known_queues, task.message, 'dropped')\n"),
    remove(
      'the count of a task that is done in its group',
      "  leave_group(keys, known_queues, task.message, 'done')\n",
    ),
  ]),
  'cancel-waiting': missedBy('groups', [
    remove('the count in its group', "  leave_group(keys, by_name({ queue }), message, 'cancelled')\n"),
  ]),
  'purge-pending': missedBy('groups', [
    remove('the count in its group', "  leave_group(keys, known_queues, message, 'cancelled')\n"),
  ]),
};
