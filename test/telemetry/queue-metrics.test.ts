import { Logger } from '@nestjs/common';
import { Registry, type RegistryContentType } from 'prom-client';
import type { CurrentMetrics } from '../../src/inspector/metrics/metrics-reader.js';
import { noCounts } from '../../src/task/task-counts.js';
import { QueueMetrics } from '../../src/telemetry/queue-metrics.js';
import { figures } from './figures.js';
import { HAS_PROMTOOL, NEEDS_PROMTOOL, promtool } from './promtool.js';

beforeAll(() => Logger.overrideLogger(false));

/** Reads these figures, and counts how often. */
class Reader {
  reads = 0;

  constructor(private readonly found: CurrentMetrics | Error) {}

  async current(): Promise<CurrentMetrics> {
    this.reads += 1;
    if (this.found instanceof Error) throw this.found;
    return this.found;
  }
}

function lines(text: string, start: string): string[] {
  return text.split('\n').filter((line) => line.startsWith(start));
}

describe('the text', () => {
  it('has gauges of queues and workers', async () => {
    const text = await new QueueMetrics(new Reader(figures())).text();
    expect(lines(text, 'nestwork_queue_tasks{')).toEqual([
      'nestwork_queue_tasks{queue="default",state="pending"} 7',
      'nestwork_queue_tasks{queue="default",state="held"} 3',
      'nestwork_queue_tasks{queue="default",state="scheduled"} 2',
      'nestwork_queue_tasks{queue="default",state="quarantined"} 1',
      'nestwork_queue_tasks{queue="default",state="dead"} 5',
    ]);
    expect(lines(text, 'nestwork_queue_oldest')).toEqual([
      'nestwork_queue_oldest_task_age_seconds{queue="default"} 1.5',
    ]);
    expect(text).toContain('\nnestwork_queue_paused{queue="default"} 1\n');
    expect(lines(text, 'nestwork_outbox_')).toEqual([
      'nestwork_outbox_rows{outbox="k3v9x0q2m700",table="shop.nestwork_outbox"} 12',
      'nestwork_outbox_oldest_seconds{outbox="k3v9x0q2m700",table="shop.nestwork_outbox"} 2.5',
      'nestwork_outbox_put_aside_rows{outbox="k3v9x0q2m700",table="shop.nestwork_outbox"} 1',
    ]);
    expect(lines(text, 'nestwork_limit_')).toEqual([
      'nestwork_limit_used{limit="stripe"} 4',
      'nestwork_limit_waiting_lines{limit="stripe"} 2',
      'nestwork_limit_waiting_lines{limit="queue mail"} 101',
      'nestwork_limit_waiting_tasks{limit="stripe"} 9',
    ]);
    const [digest, poll, rare] = ['digest', 'poll', 'rare'].map((name) => `{cron="Mail.${name}"}`);
    expect(lines(text, 'nestwork_cron_')).toEqual(
      [
        ...[`paused${digest} 0`, `paused${poll} 1`, `paused${rare} 0`],
        ...[`last_run_age_seconds${digest} 90`, `last_run_age_seconds${poll} 1`],
        ...[`last_run_failed${digest} 1`, `last_run_failed${poll} 0`],
        ...[`last_run_duration_seconds${digest} 1.5`, `last_run_duration_seconds${poll} 0.01`],
        ...[`last_run_late_seconds${digest} 0.25`],
        ...[`skipped_total${digest} 2`, `skipped_total${poll} 0`, `skipped_total${rare} 0`],
        ...[`missed_total${digest} 5`, `missed_total${poll} 0`, `missed_total${rare} 0`],
      ].map((line) => `nestwork_cron_${line}`),
    );
    expect(text).toContain('\nnestwork_active_tasks{host="shop-1"} 3\n');
    expect(text).toContain('# TYPE nestwork_workers gauge\nnestwork_workers 2\n');
    expect(text).toContain('\nnestwork_children 8\n');
    expect(text).toContain('\nnestwork_redis_up 1\n');
    expect(text).toContain('# TYPE nestwork_stale_acks_total counter\nnestwork_stale_acks_total 1\n');
  });

  it('has each counter of each task, also those that are 0', async () => {
    const text = await new QueueMetrics(new Reader(figures())).text();
    const labels = '{queue="default",task="Mail.send"}';
    expect(lines(text, 'nestwork_tasks_')).toEqual([
      `nestwork_tasks_started_total${labels} 4`,
      `nestwork_tasks_done_total${labels} 3`,
      `nestwork_tasks_failed_total${labels} 1`,
      `nestwork_tasks_retried_total${labels} 0`,
      `nestwork_tasks_dead_total${labels} 0`,
      `nestwork_tasks_timed_out_total${labels} 2`,
      `nestwork_tasks_crashed_total${labels} 0`,
      `nestwork_tasks_cancelled_total${labels} 0`,
      `nestwork_tasks_dropped_total${labels} 0`,
    ]);
  });

  it('has histograms in seconds whose buckets count all below', async () => {
    const text = await new QueueMetrics(new Reader(figures())).text();
    const found = lines(text, 'nestwork_task_duration_seconds');
    expect(found).toHaveLength(15);
    expect(found[0]).toBe('nestwork_task_duration_seconds_bucket{queue="default",task="Mail.send",le="0.005"} 1');
    expect(found[1]).toContain('le="0.025"} 3');
    expect(found[11]).toContain('le="3600"} 3');
    expect(found.slice(12)).toEqual([
      'nestwork_task_duration_seconds_bucket{queue="default",task="Mail.send",le="+Inf"} 4',
      'nestwork_task_duration_seconds_sum{queue="default",task="Mail.send"} 7200.043',
      'nestwork_task_duration_seconds_count{queue="default",task="Mail.send"} 4',
    ]);
    const empty = figures({ totals: [{ queue: 'default', task: 'Mail.send', counts: noCounts() }] });
    expect(lines(await new QueueMetrics(new Reader(empty)).text(), 'nestwork_task_duration_seconds')).toEqual([]);
  });

  it('escapes a foreign value in the place of a name', async () => {
    const totals = [{ queue: 'a"b\\c', task: 'd\ne', counts: { ...noCounts(), done: 1 } }];
    const text = await new QueueMetrics(new Reader(figures({ totals }))).text();
    expect(text).toContain('nestwork_tasks_done_total{queue="a\\"b\\\\c",task="d\\ne"} 1\n');
  });

  it('has only nestwork_redis_up when Redis cannot be read', async () => {
    const text = await new QueueMetrics(new Reader(new Error('away'))).text();
    expect(text.split('\n').filter((line) => line && !line.startsWith('#'))).toEqual(['nestwork_redis_up 0']);
  });

  (HAS_PROMTOOL ? it : it.skip)(`is accepted by promtool${NEEDS_PROMTOOL}`, async () => {
    expect(promtool(['check', 'metrics'], await new QueueMetrics(new Reader(figures())).text())).toBe('');
  });
});

describe('a registry of prom-client', () => {
  it.each([
    ['text', Registry.PROMETHEUS_CONTENT_TYPE],
    ['OpenMetrics', Registry.OPENMETRICS_CONTENT_TYPE],
  ] as const)('has the same values in the format %s, read once a scrape', async (_format, contentType) => {
    const registry = new Registry<RegistryContentType>();
    registry.setContentType(contentType);
    const reader = new Reader(figures());
    const metrics = new QueueMetrics(reader);
    metrics.register(registry);
    const scraped = await registry.metrics();
    expect(reader.reads).toBe(1);
    const text = await metrics.text();
    const values = (all: string): string[] =>
      all
        .split('\n')
        .filter((line) => line.startsWith('nestwork_'))
        .sort();
    expect(values(scraped)).toEqual(values(text));
    expect(await registry.metrics()).toBe(scraped);
    registry.resetMetrics();
    expect(await registry.metrics()).toBe(scraped);
  });

  it('keeps the metrics of the app when Redis cannot be read', async () => {
    const registry = new Registry();
    new QueueMetrics(new Reader(new Error('away'))).register(registry);
    expect(await registry.metrics()).toContain('nestwork_redis_up 0');
  });

  it('refuses a second registration, as it does with its own', () => {
    const registry = new Registry();
    new QueueMetrics(new Reader(figures())).register(registry);
    expect(() => new QueueMetrics(new Reader(figures())).register(registry)).toThrow('already been registered');
  });
});
