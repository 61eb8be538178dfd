import { type CronSelection, isSelected, unknownNames } from '../../src/cron/cron-selection.js';

const NAMES = ['ReportTasks.send', 'ReportTasks.sendAll', 'DigestTasks.digest', 'inbox.poll'];

it.each<[CronSelection, string[]]>([
  [true, NAMES],
  [false, []],
  [['inbox.poll'], ['inbox.poll']],
  [['ReportTasks.*'], ['ReportTasks.send', 'ReportTasks.sendAll']],
  [['*.send'], ['ReportTasks.send']],
  [['*Tasks.d*'], ['DigestTasks.digest']],
  [['inboxXpoll'], []],
  [['!ReportTasks.*'], ['DigestTasks.digest', 'inbox.poll']],
  [['ReportTasks.*', '!ReportTasks.sendAll'], ['ReportTasks.send']],
  [['*', '!*'], []],
])('%j selects %j', (selection, names) => {
  expect(NAMES.filter((name) => isSelected(selection, name))).toEqual(names);
});

it.each<[CronSelection, string[]]>([
  [true, []],
  [['*.sent', '!*.sent'], []],
  [['ReportTasks.send', '!inbox.poll'], []],
  [
    ['ReportTasks.sent', '!inbox.pol'],
    ['ReportTasks.sent', 'inbox.pol'],
  ],
])('of %j, %j are names that no cron has', (selection, unknown) => {
  expect(unknownNames(selection, NAMES)).toEqual(unknown);
});
