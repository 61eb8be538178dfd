import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { redisKeys } from '../../src/broker/redis/redis-keys.js';
import { QueueMetrics } from '../../src/telemetry/queue-metrics.js';
import { figures } from './figures.js';
import { HAS_PROMTOOL, NEEDS_PROMTOOL, promtool } from './promtool.js';
import { HORIZONTAL_POD_AUTOSCALER, SCALED_OBJECT } from './scaling-schemas.js';

const FOLDER = new URL('../../docs/monitoring/', import.meta.url).pathname;
const PAGE = new URL('../../docs/monitoring.md', import.meta.url).pathname;
const FILES = readdirSync(FOLDER).map((file) => join(FOLDER, file));

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
  const { panels } = JSON.parse(readFileSync(join(FOLDER, 'grafana.json'), 'utf8'));
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
])('%s has the fields of its kind', (file, schema) => {
  const ajv = new Ajv({ allErrors: true });
  ajv.validate(schema, parse(readFileSync(join(FOLDER, file), 'utf8')));
  expect(ajv.errors).toBeNull();
});

it('the example for KEDA reads the list in which a queue lies', () => {
  const { spec } = parse(readFileSync(join(FOLDER, 'keda.yaml'), 'utf8'));
  const names = spec.triggers.map(({ metadata }: { metadata: { listName?: string } }) => metadata.listName);
  expect(names).toContain(redisKeys('nestwork').pending('default'));
});
