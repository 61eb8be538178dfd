import { inspect, isDeepStrictEqual, types } from 'node:util';

/** Up to so many elements it is faster to ask for the names of all properties. */
const FEW = 28;

/** Shows the properties that are no elements, hidden ones too, in constant time, and calls nothing of what it looks at. */
const NAMED_ALONE = {
  showHidden: true,
  maxArrayLength: 0,
  depth: 0,
  customInspect: false,
  getters: false,
  compact: true,
  breakLength: Number.POSITIVE_INFINITY,
} as const;

/** What everybody reads of a typed array, and an own property could make up. */
const OF_TYPED_ARRAYS = ['BYTES_PER_ELEMENT', 'length', 'byteLength', 'byteOffset', 'buffer'];

/** Binary data. */
export type Binary = ArrayBuffer | ArrayBufferView;

/**
 * Whether an array has nothing but its elements: no symbol, no name, hidden or not.
 *
 * Asking for the names of all makes a text of each index: for a long array more work than all that is to be done with it.
 */
export function isBareArray(array: readonly unknown[]): boolean {
  const { length } = array;
  if (length <= FEW) {
    const keys = Reflect.ownKeys(array);
    // indexes come first, then the length, then the others; holes would be missing
    if (keys.length === length + 1 && keys[length] === 'length') return true;
  }
  if (Object.getOwnPropertySymbols(array).length > 0) return false;
  if (inspect(array, NAMED_ALONE) === `[ ... ${length} more items, [length]: ${length} ]`) return true;
  return namedProperty(array) === undefined;
}

/** The first own property of an array that is neither an element nor its length. */
export function namedProperty(array: readonly unknown[]): string | undefined {
  return Object.getOwnPropertyNames(array).find((name) => name !== 'length' && !isIndexOf(array, name));
}

/** Whether a property of an array is one of its elements. */
export function isIndexOf(array: readonly unknown[], name: string): boolean {
  const index = Number(name) >>> 0;
  return String(index) === name && index < array.length;
}

/** Whether an own property could make up the size of binary data, or is no element, as far as that is known at once. */
export function hasOwnSize(binary: Binary): boolean {
  if (types.isTypedArray(binary)) return OF_TYPED_ARRAYS.some((name) => Object.hasOwn(binary, name));
  return Object.getOwnPropertyNames(binary).length > 0;
}

/**
 * How many bytes there are to see, regardless of its own properties.
 *
 * @throws TypeError when the memory is detached
 */
export function visibleBytes(binary: Binary): number {
  new Uint8Array(ArrayBuffer.isView(binary) ? binary.buffer : binary, 0, 0);
  return binary.byteLength;
}

/**
 * Whether a typed array has a property of its own that is no element; symbols are left out. Of more than a few elements a
 * property that is hidden stays unseen: to find it would take longer than to encode the data.
 */
export function hasNamedProperty(binary: Binary): boolean {
  if (!types.isTypedArray(binary)) return false;
  const { length } = binary;
  if (length <= FEW) return Object.getOwnPropertyNames(binary).length > length;
  return !isDeepStrictEqual(binary, bare(binary));
}

/** The same part of the same memory, without properties. */
function bare(array: NodeJS.TypedArray): unknown {
  const { buffer, byteOffset, length } = array;
  if (Buffer.isBuffer(array)) return Buffer.from(buffer, byteOffset, length);
  const type = (Object.getPrototypeOf(array) as NodeJS.TypedArray).constructor;
  return Reflect.construct(type, [buffer, byteOffset, length]);
}
