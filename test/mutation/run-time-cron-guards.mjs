/** The guards of the scripts of crons that are set at run time, see guards.mjs. */

import { change, missedBy, remove } from './guard-forms.mjs';

const FULL_MEMORY = change('the flag that lets it run when Redis is full', '#!lua flags=allow-oom', '#!lua');
const TESTS = 'run-time-cron-scripts';

export const OF_RUN_TIME_CRONS = {
  'set-cron': missedBy(
    TESTS,
    remove('a check of all keys before the first write', 'if wrong then\n  return wrong\nend\n'),
    change('a name that no worker declares', "cron .. ' schedule') == 1 then", "cron .. ' schedule') == 2 then"),
    change('a definition that the caller has read', ' ~= before then', ' == false then'),
    change('no more crons than there may be', '>= tonumber(most) then', '>= 1e9 then'),
    change('a limit for new crons alone', "before == '' and redis.call('ZCARD'", "redis.call('ZCARD'"),
    remove('the removal from the former line', "  redis.call('ZREM', former.cron_times, cron)\n"),
    change('a version that no setting had before', "'@versions', 1)", "cron .. ' version', 1)"),
    remove('the version of the cron', "cron .. ' version', version, "),
    change('the same beginning where the times are the same', "if anew == '1' or is_reached", 'if true or is_reached'),
    change('a present beginning where the times are others', "if anew == '1' or is_reached", 'if is_reached'),
    change('a beginning or end by another limit', ' or is_reached(former_limit) ~= is_reached(limit) then', ' then'),
    change('a former limit that was none', "return of ~= '' and fires", 'return fires'),
    change(
      'a valid number of runs',
      "noted(redis.call('HGET', keys.run_time_crons, cron .. ' fires')) or 0",
      "tonumber(redis.call('HGET', keys.run_time_crons, cron .. ' fires') or 0)",
    ),
    remove('a count of runs that begins anew', "  redis.call('HDEL', keys.run_time_crons, cron .. ' fires')\n"),
    change('a count of runs that goes on', "if anew == '1' then\n  redis.call('HDEL'", "do\n  redis.call('HDEL'"),
    remove('a beginning at the present', "  redis.call('HSET', keys.run_time_crons, cron .. ' until', text(now))\n"),
    remove('the name in the list of names', "redis.call('ZADD', keys.cron_names, 0, cron)\n"),
    remove(
      'a first look when the first time comes',
      '  first_look = now >= tonumber(after) and math.max(now, tonumber(look_at)) or now\n',
    ),
    change('a first look that is not in the past', 'math.max(now, tonumber(look_at))', 'tonumber(look_at)'),
    change('a first look now by a clock that is far behind', 'now >= tonumber(after) and math', 'math'),
    remove('the time to look at it', "redis.call('ZADD', line.cron_times, text(first_look), cron)\n"),
    remove('the time to look at its line', "redis.call('ZADD', keys.cron_lines, 'LT', text(first_look), line.name)\n"),
    change(
      'an earlier time of its line',
      "keys.cron_lines, 'LT', text(first_look)",
      'keys.cron_lines, text(first_look)',
    ),
    remove('the alarm for a worker', 'ring(keys.alarm)\n'),
    change('no flag that lets it run when Redis is full', '#!lua\n', '#!lua flags=allow-oom\n'),
  ),
  'remove-cron': missedBy(
    TESTS,
    change('a cron that is known', 'not its_version or ', ''),
    change('the version that the caller has read', 'version ~= its_version)', 'false)'),
    remove('the end of its record', "redis.call('HDEL', run_time_crons, unpack(fields))\n"),
    remove('the end of its name in the list of names', "redis.call('ZREM', cron_names, cron)\n"),
    remove('the end of the time to look at it', "redis.call('ZREM', cron_times, cron)\n"),
    remove('the end of its history', "redis.call('DEL', cron_runs)\n"),
    FULL_MEMORY,
  ),
  'due-crons': missedBy(
    TESTS,
    change('a time that has come', "'-inf', text(now_ms())", "'-inf', '+inf'"),
    change('so many as the caller takes', ", 'LIMIT', 0, most)", ')'),
    change('a cron with a definition', 'if definition and version', 'definition = definition or ""\n  if version'),
    change('a cron with a version', ' and version and ', ' and (version or 1) and '),
    change('a valid time of the cron', 'and noted(settled) then', 'and settled then'),
    change('a valid number of runs', 'noted(fires) or 0 }', 'tonumber(fires or 0) }'),
    remove('the end of one that is none in its line', "    redis.call('ZREM', cron_times, name)\n"),
    remove('the earliest time of the line', 'note_earliest(cron_lines, line, cron_times)\n'),
    FULL_MEMORY,
  ),
  'look-at-crons': missedBy(
    TESTS,
    change('later times alone', "'(' .. after", 'after'),
    change('so many as the caller moves', "'LIMIT', 0, most)", "'LIMIT', 0, -1)"),
    remove('the earliest time of the line', 'note_earliest(cron_lines, line, cron_times)\n'),
    FULL_MEMORY,
  ),
  'lib/run-time-crons': missedBy(
    TESTS,
    remove('note_earliest: the end of a line without crons', "    redis.call('ZREM', cron_lines, line)\n"),
    change(
      'hash_of_cron: crons that workers declare',
      "redis.call('HEXISTS', crons, cron .. ' schedule') == 1",
      'false',
    ),
    change(
      'hash_of_cron: crons that were set at run time',
      "redis.call('HEXISTS', run_time_crons, cron .. ' definition') == 1",
      'false',
    ),
    ...['definition', 'set', 'until', 'skipped', 'fires'].map((field) =>
      remove(`the field ${field} among those that are removed`, ` '${field}',`),
    ),
  ),
  'fire-crons': missedBy(
    TESTS,
    change('a new beginning of one far ahead', '  elseif is_ahead(settled) then', '  elseif false then'),
    change('no new beginning of one that is less ahead', 'settled > now + AHEAD_MS', 'settled > now'),
    change('no look for a day at one whose limit is reached', 'if fired >= left then', 'if false then'),
    change('a look as planned at one whose limit is not reached', 'if fired >= left then', 'if cron.limit then'),
  ),
};
