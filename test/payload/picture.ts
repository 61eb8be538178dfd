/** Everything there is to know about a value, as text: kinds, order, holes, -0, prototypes. */
export function picture(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (typeof value !== 'object' || value === null) return String(value);
  if (Buffer.isBuffer(value)) return `Buffer ${value.toString('hex')}`;
  if (ArrayBuffer.isView(value)) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return `${value.constructor.name} ${bytes.toString('hex')}`;
  }
  if (value instanceof ArrayBuffer) return `ArrayBuffer ${Buffer.from(value).toString('hex')}`;
  if (value instanceof Date) return `Date ${value.getTime()}`;
  if (value instanceof RegExp) return `RegExp ${value}`;
  if (value instanceof URL || value instanceof URLSearchParams) return `${value.constructor.name} ${value}`;
  if (value instanceof Map) return `Map ${picture([...value])}`;
  if (value instanceof Set) return `Set ${picture([...value])}`;
  const properties = Reflect.ownKeys(value)
    .filter((key) => !(Array.isArray(value) && key === 'length'))
    .map((key) => `${typeof key === 'symbol' ? 'symbol' : JSON.stringify(key)}:${picture(Reflect.get(value, key))}`);
  if (Array.isArray(value)) return `Array(${value.length}) [${properties}]`;
  const prototype = Object.getPrototypeOf(value);
  return `${prototype === null ? 'bare ' : prototype === Object.prototype ? '' : 'other '}{${properties}}`;
}
