/** The fields of Kubernetes and KEDA that the examples use: a name that is none of these is a mistake. */
const text = { type: 'string', minLength: 1 };
const count = { type: 'integer', minimum: 0 };

function object(properties: Record<string, object>, optional: readonly string[] = []): object {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required, additionalProperties: false };
}

function list(items: object): object {
  return { type: 'array', items, minItems: 1 };
}

function resource(apiVersion: string, kind: string, spec: object): object {
  return object({ apiVersion: { const: apiVersion }, kind: { const: kind }, metadata: object({ name: text }), spec });
}

/** KEDA takes numbers as texts. */
const numeral = { type: 'string', pattern: '^\\d+$' };

export const SCALED_OBJECT = resource(
  'keda.sh/v1alpha1',
  'ScaledObject',
  object({
    scaleTargetRef: object({ name: text }),
    minReplicaCount: count,
    maxReplicaCount: count,
    cooldownPeriod: count,
    triggers: list(
      object({
        type: { const: 'prometheus' },
        metadata: object({
          serverAddress: text,
          query: text,
          threshold: numeral,
          ignoreNullValues: { const: 'false' },
        }),
      }),
    ),
  }),
);

export const HORIZONTAL_POD_AUTOSCALER = resource(
  'autoscaling/v2',
  'HorizontalPodAutoscaler',
  object({
    scaleTargetRef: object({ apiVersion: text, kind: text, name: text }),
    minReplicas: count,
    maxReplicas: count,
    metrics: list(
      object({
        type: { const: 'External' },
        external: object({
          metric: object({
            name: text,
            selector: object({ matchLabels: { type: 'object', additionalProperties: text } }),
          }),
          target: object({ type: { enum: ['Value', 'AverageValue'] }, value: numeral }),
        }),
      }),
    ),
  }),
);

/** Values of the Helm chart of prometheus-adapter. */
export const ADAPTER_VALUES = object({
  rules: object({
    external: list(
      object({ seriesQuery: text, resources: object({ namespaced: { const: false } }), metricsQuery: text }),
    ),
  }),
});

/** The part of prometheus.yml that the page shows. */
export const PROMETHEUS_CONFIG = object({
  rule_files: list(text),
  scrape_configs: list(
    object({
      job_name: text,
      metrics_path: text,
      authorization: object({ credentials_file: text }),
      static_configs: list(object({ targets: list(text) })),
    }),
  ),
});
