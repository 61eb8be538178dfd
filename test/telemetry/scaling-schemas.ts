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

function trigger(type: string, metadata: Record<string, object>): object {
  return object({ type: { const: type }, metadata: object(metadata) });
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
    triggers: list({
      oneOf: [
        trigger('prometheus', { serverAddress: text, query: text, threshold: numeral }),
        trigger('redis', { address: text, listName: text, listLength: numeral }),
      ],
    }),
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
