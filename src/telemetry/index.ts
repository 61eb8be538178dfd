export { type MetricRegistry, QueueMetrics } from './queue-metrics.js';
export { QueueMetricsModule, type QueueMetricsOptions } from './queue-metrics.module.js';
