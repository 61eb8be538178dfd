const HEAD_BYTES = 32;
const FIELD_BYTES = 8;

/** About how many bytes of memory an answer takes: enough to know when many are too much. What a class hides is not among them. */
export function roughBytes(value: unknown): number {
  if (typeof value === 'string') return HEAD_BYTES + value.length;
  if (typeof value !== 'object' || value === null) return FIELD_BYTES;
  if (ArrayBuffer.isView(value)) return HEAD_BYTES + value.byteLength;
  const parts = value instanceof Map ? [...value].flat() : Object.values(value);
  return parts.reduce<number>((sum, part) => sum + FIELD_BYTES + roughBytes(part), HEAD_BYTES);
}
