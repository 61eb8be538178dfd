/** The alert rules fire for what they are about, and for nothing else. */
import { HAS_PROMTOOL, NEEDS_PROMTOOL, queried } from './promtool.js';

const RULES = new URL('../../docs/monitoring/alerts.yaml', import.meta.url).pathname;
const FIRING = 'max by (alertname, queue, task, limit, table, cron) (ALERTS{alertstate="firing"})';
const HEALTHY = { 'nestwork_redis_up{instance="a"}': '1x2000', 'nestwork_children{instance="a"}': '8x2000' };
const TASK = 'queue="default",task="Mail.send"';

interface Case {
  /** the values of each series, one a minute */
  readonly series: Readonly<Record<string, string>>;
  /** the alerts that fire after so many minutes: the labels behind their names */
  readonly firing: Readonly<Record<number, readonly string[]>>;
}

/** A report; empty when the rules fire as they should. */
function verified({ series, firing }: Case): string {
  const expectations = Object.entries(firing).map(([minute, alerts]) => ({
    expr: FIRING,
    minute: Number(minute),
    samples: alerts.map((labels) => ({ labels, value: 1 })),
  }));
  return queried(series, expectations, RULES);
}

const dead = `{alertname="NestworkTasksDead",${TASK}}`;
const late = '{alertname="NestworkQueueLate",queue="mail"}';
const holdsBack = '{alertname="NestworkLimitHoldsBack",limit="stripe"}';
const OUTBOX = 'outbox="k3v9x0q2m700",table="shop.outbox"';
const outboxAlert = (name: string): string => `{alertname="${name}",table="shop.outbox"}`;
const cronAlert = (name: string): string => `{alertname="${name}",cron="Mail.digest"}`;
const paused = '{alertname="NestworkQueuePaused",queue="mail"}';

const CASES: [string, Case][] = [
  ['all is well: none fires', { series: HEALTHY, firing: { 10: [], 1500: [] } }],
  [
    'no app is scraped: the metrics are absent',
    { series: {}, firing: { 4: [], 6: ['{alertname="NestworkMetricsAbsent"}'] } },
  ],
  [
    'Redis cannot be read: that is the only alert',
    { series: { nestwork_redis_up: '0x30' }, firing: { 10: ['{alertname="NestworkRedisUnreachable"}'] } },
  ],
  [
    'a task of a queue that is not paused waits: the queue is late',
    {
      series: {
        ...HEALTHY,
        'nestwork_queue_oldest_task_age_seconds{queue="mail"}': '900x30',
        'nestwork_queue_paused{queue="mail"}': '0x30',
      },
      firing: { 10: [late] },
    },
  ],
  [
    'a task of a paused queue waits: the pause alone is an alert, after a day',
    {
      series: {
        ...HEALTHY,
        'nestwork_queue_oldest_task_age_seconds{queue="mail"}': '900x1600',
        'nestwork_queue_paused{queue="mail"}': '1x1600',
      },
      firing: { 10: [], 1430: [], 1450: [paused] },
    },
  ],
  [
    'a limit holds tasks back for more than an hour: fires, for that limit alone',
    {
      series: {
        ...HEALTHY,
        'nestwork_limit_waiting_lines{limit="stripe",instance="a"}': '3x200',
        'nestwork_limit_waiting_lines{limit="stripe",instance="b"}': '3x200',
        'nestwork_limit_waiting_lines{limit="crm"}': '3x50 0 3x50 0x100',
        'nestwork_limit_waiting_lines{limit="queue mail"}': '0x200',
      },
      firing: { 55: [], 65: [holdsBack], 150: [holdsBack] },
    },
  ],
  [
    'a row of an outbox waits: the outbox is late',
    {
      series: {
        ...HEALTHY,
        [`nestwork_outbox_oldest_seconds{${OUTBOX},instance="a"}`]: '0 30 61x10 0x20',
        [`nestwork_outbox_oldest_seconds{${OUTBOX},instance="b"}`]: '0 30 61x10 0x20',
        [`nestwork_outbox_put_aside_rows{${OUTBOX}}`]: '0x40',
        'nestwork_outbox_oldest_seconds{outbox="k3v9x0q2m701",table="other"}': '30x40',
      },
      firing: { 3: [], 5: [outboxAlert('NestworkOutboxLate')], 20: [] },
    },
  ],
  [
    'a row of an outbox was put aside: fires until it is tried again',
    {
      series: { ...HEALTHY, [`nestwork_outbox_put_aside_rows{${OUTBOX}}`]: '0 1x10 0x20' },
      firing: { 2: [], 5: [outboxAlert('NestworkOutboxRowsPutAside')], 20: [] },
    },
  ],
  [
    'a cron fails, starts late and misses times: fires, for that cron alone',
    {
      series: {
        ...HEALTHY,
        'nestwork_cron_last_run_failed{cron="Mail.digest"}': '0x10 1x30 0x60',
        'nestwork_cron_last_run_late_seconds{cron="Mail.digest"}': '0x40 301x20 0x40',
        'nestwork_cron_missed_total{cron="Mail.digest"}': '2x70 7x30',
        'nestwork_cron_last_run_failed{cron="Mail.poll"}': '0 1x10 0x90',
        'nestwork_cron_last_run_late_seconds{cron="Mail.poll"}': '299x100',
        'nestwork_cron_missed_total{cron="Mail.poll"}': '3x100',
      },
      firing: {
        20: [],
        30: [cronAlert('NestworkCronFails')],
        50: [cronAlert('NestworkCronLate')],
        75: [cronAlert('NestworkCronMissed')],
        95: [],
      },
    },
  ],
  [
    'a task of a known name dies: fires for 15 minutes',
    {
      series: { ...HEALTHY, [`nestwork_tasks_dead_total{${TASK}}`]: '7x20 8x100' },
      firing: { 15: [], 25: [dead], 45: [] },
    },
  ],
  [
    'the first task of a new name dies: fires for 15 minutes',
    {
      series: { ...HEALTHY, [`nestwork_tasks_dead_total{${TASK}}`]: '_x30 1x100' },
      firing: { 29: [], 35: [dead], 60: [] },
    },
  ],
  [
    'the first task of a new name kills its process and runs too long: fires',
    {
      series: {
        ...HEALTHY,
        [`nestwork_tasks_crashed_total{${TASK}}`]: '_x30 1x100',
        [`nestwork_tasks_timed_out_total{${TASK}}`]: '_x30 1x100',
      },
      firing: { 35: [`{alertname="NestworkTasksCrash",${TASK}}`, `{alertname="NestworkTasksTimeOut",${TASK}}`] },
    },
  ],
  [
    'Prometheus begins to scrape an app with old deaths: none fires',
    { series: { ...HEALTHY, [`nestwork_tasks_dead_total{${TASK}}`]: '57x100' }, firing: { 1: [], 10: [], 30: [] } },
  ],
  [
    'another process of the app takes over: its counts are not new',
    {
      series: {
        ...HEALTHY,
        [`nestwork_tasks_dead_total{instance="a",${TASK}}`]: '57x30 stale',
        [`nestwork_tasks_dead_total{instance="b",${TASK}}`]: '_x30 57x60',
      },
      firing: { 32: [], 45: [], 60: [] },
    },
  ],
  [
    'Redis comes back after two hours: its counts are not new',
    {
      series: {
        nestwork_redis_up: '1x60 0x120 1x60',
        nestwork_children: '8x60 stale _x119 8x60',
        [`nestwork_tasks_dead_total{${TASK}}`]: '57x60 stale _x119 57x60',
      },
      firing: { 185: [], 200: [] },
    },
  ],
];

(HAS_PROMTOOL ? it : it.skip).each(CASES)(`%s${NEEDS_PROMTOOL}`, (_title, given) => {
  expect(verified(given)).toBe('');
});
