import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { redisKeys } from '../../src/broker/redis/redis-keys.js';
import { QueueMetrics } from '../../src/telemetry/queue-metrics.js';
import { figures } from './figures.js';
import { HAS_PROMTOOL, inDirectory, NEEDS_PROMTOOL, promtool, queried } from './promtool.js';
import { ADAPTER_VALUES, HORIZONTAL_POD_AUTOSCALER, PROMETHEUS_CONFIG, SCALED_OBJECT } from './scaling-schemas.js';

const FOLDER = new URL('../../docs/monitoring/', import.meta.url).pathname;
const PAGE = new URL('../../docs/monitoring.md', import.meta.url).pathname;
const FILES = readdirSync(FOLDER).map((file) => join(FOLDER, file));

function read(file: string): string {
  return readFileSync(join(FOLDER, file), 'utf8');
}

/** Names of series, as a query has them. */
function namesIn(text: string): string[] {
  return [...new Set(text.match(/\bnestwork_[a-z_]+\b/g))];
}

async function exported(): Promise<string[]> {
  const text = await new QueueMetrics({ current: async () => figures() }).text();
  return namesIn(text.replace(/^#.*$/gm, ''));
}

it.each([...FILES, PAGE])('every metric that %s names is exported', async (file) => {
  const names = namesIn(readFileSync(file, 'utf8'));
  expect(names.length).toBeGreaterThan(0);
  const all = await exported();
  const families = all.map((name) => name.replace(/_(bucket|sum|count)$/, ''));
  expect(names.filter((name) => !all.includes(name) && !families.includes(name))).toEqual([]);
});

it('the page names every metric that is exported', async () => {
  const page = readFileSync(PAGE, 'utf8');
  const names = (await exported()).map((name) => name.replace(/_(bucket|sum|count)$/, ''));
  expect(names.filter((name) => !page.includes(name))).toEqual([]);
});

it('the dashboard has panels with queries, each in a place of its own', () => {
  const { panels } = JSON.parse(read('grafana.json'));
  const places = panels.map(({ gridPos: { x, y } }: { gridPos: { x: number; y: number } }) => `${x} ${y}`);
  expect(new Set(places).size).toBe(panels.length);
  for (const { targets } of panels) expect(targets.length).toBeGreaterThan(0);
});

(HAS_PROMTOOL ? it : it.skip)(`promtool accepts the alert rules${NEEDS_PROMTOOL}`, () => {
  expect(promtool(['check', 'rules', join(FOLDER, 'alerts.yaml')])).toBe('');
});

it.each([
  ['keda.yaml', SCALED_OBJECT],
  ['hpa.yaml', HORIZONTAL_POD_AUTOSCALER],
  ['prometheus-adapter.yaml', ADAPTER_VALUES],
])('%s has the fields of its kind', (file, schema) => {
  const ajv = new Ajv({ allErrors: true });
  ajv.validate(schema, parse(read(file)));
  expect(ajv.errors).toBeNull();
});

it('the example for KEDA names the list in which a queue lies', () => {
  expect(read('keda.yaml')).toContain(`"${redisKeys('nestwork').pending('default')}"`);
});

it('the rule of the adapter makes the metric that the autoscaler reads', () => {
  const [{ external }] = parse(read('hpa.yaml')).spec.metrics;
  const [rule] = parse(read('prometheus-adapter.yaml')).rules.external;
  expect(rule.seriesQuery).toBe(external.metric.name);
});

describe('the lines for prometheus.yml', () => {
  const [, lines = ''] = /^```yaml\n(rule_files:[\s\S]*?)^```$/m.exec(readFileSync(PAGE, 'utf8')) ?? [];

  it('have the fields of Prometheus', () => {
    const ajv = new Ajv({ allErrors: true });
    ajv.validate(PROMETHEUS_CONFIG, parse(lines));
    expect(ajv.errors).toBeNull();
  });

  (HAS_PROMTOOL ? it : it.skip)(`are accepted by promtool${NEEDS_PROMTOOL}`, () => {
    const files = { 'prometheus.yml': lines, 'alerts.yaml': read('alerts.yaml'), 'metrics-token': 'secret' };
    const report = inDirectory(files, (directory) => promtool(['check', 'config', join(directory, 'prometheus.yml')]));
    expect(report).toBe('');
  });
});

(HAS_PROMTOOL ? describe : describe.skip)(`scaling${NEEDS_PROMTOOL}`, () => {
  const [waiting, keeping] = parse(read('keda.yaml')).spec.triggers.map(
    ({ metadata }: { metadata: { query: string } }) => metadata.query,
  ) as [string, string];
  const age = 'nestwork_queue_oldest_task_age_seconds';
  const series = {
    [`${age}{queue="default",instance="a"}`]: '90x9',
    [`${age}{queue="default",instance="b"}`]: '90x9',
    [`${age}{queue="mail"}`]: '70x9',
    'nestwork_queue_paused{queue="default",instance="a"}': '0 1 0',
    'nestwork_queue_paused{queue="mail"}': '0 0 0',
    'nestwork_active_tasks{host="shop-worker-1",instance="a"}': '3 3 0 0',
    'nestwork_active_tasks{host="shop-worker-1",instance="b"}': '3 3 0 0',
    'nestwork_active_tasks{host="shop-worker-2"}': '4 4 0 0',
    'nestwork_active_tasks{host="other-1"}': '8 8 8',
    'nestwork_queue_tasks{queue="default",state="quarantined"}': '0 1 0 0',
    'nestwork_queue_tasks{queue="default",state="held"}': '0 0 0 6',
  };
  const one = (value: number) => [{ labels: '{}', value }];

  it('by KEDA follows the age of the next task, unless the queue is paused', () => {
    expect(
      queried(
        series,
        [0, 1, 2].map((minute) => ({ expr: waiting, minute, samples: one(minute === 1 ? 0 : 90) })),
      ),
    ).toBe('');
  });

  it('by KEDA keeps a worker while its tasks are active, quarantined or held back', () => {
    const values = [7, 8, 0, 6];
    expect(
      queried(
        series,
        values.map((value, minute) => ({ expr: keeping, minute, samples: one(value) })),
      ),
    ).toBe('');
  });

  it('by KEDA has no data, and so changes nothing, while Redis cannot be read', () => {
    const expectations = [waiting, keeping].map((expr) => ({ expr, minute: 0, samples: [] }));
    expect(queried({ nestwork_redis_up: '0' }, expectations)).toBe('');
  });

  it('by an autoscaler follows the age of the next task, unless the queue is paused', () => {
    const [{ metricsQuery }] = parse(read('prometheus-adapter.yaml')).rules.external;
    const expr = metricsQuery.replace('<<.Series>>', age).replace('<<.LabelMatchers>>', 'queue="default"');
    const samples = (value: number) => [{ labels: '{queue="default"}', value }];
    const values = [90, 0, 90];
    expect(
      queried(
        series,
        values.map((value, minute) => ({ expr, minute, samples: samples(value) })),
      ),
    ).toBe('');
  });
});
