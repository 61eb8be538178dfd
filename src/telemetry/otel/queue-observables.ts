import type { BatchObservableResult, Meter, Observable } from '@opentelemetry/api';
import { familiesOf } from '../queue-families.js';
import type { QueueMetrics } from '../queue-metrics.js';

/**
 * Lets a meter ask for the metrics of queues whenever it collects: with the names and labels that Prometheus gets, `nestwork.queue_tasks` for
 * `nestwork_queue_tasks`. Histograms are left out, because a meter takes none that others have counted.
 *
 * @returns ends it
 */
export function observeQueues(meter: Meter, metrics: Pick<QueueMetrics, 'families'>): () => void {
  const instruments = new Map<string, Observable>();
  for (const { name, help: description, type } of familiesOf(undefined)) {
    if (type === 'gauge') instruments.set(name, meter.createObservableGauge(otelName(name), { description }));
    if (type === 'counter') instruments.set(name, meter.createObservableCounter(otelName(name), { description }));
  }
  const observe = async (result: BatchObservableResult): Promise<void> => {
    for (const { name, samples } of await metrics.families()) {
      const instrument = instruments.get(name);
      if (!instrument) continue;
      for (const { value, labels } of samples) result.observe(instrument, value, labels);
    }
  };
  const all = [...instruments.values()];
  meter.addBatchObservableCallback(observe, all);
  return () => meter.removeBatchObservableCallback(observe, all);
}

/** An exporter for Prometheus makes the name from it that Prometheus would have got from us. */
function otelName(name: string): string {
  return name.replace('nestwork_', 'nestwork.').replace(/_total$/, '');
}
