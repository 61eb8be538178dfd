import * as fc from 'fast-check';
import { decodePayload, encodePayload } from '../../src/payload/payload.js';
import { picture } from './picture.js';

function thereAndBack(args: readonly unknown[]): unknown[] {
  return decodePayload(JSON.parse(encodePayload(args)));
}

describe('round trips', () => {
  const text = fc.string({ unit: 'binary' });
  const carriable = fc.anything({
    key: text.filter((key) => key !== '__proto__'),
    values: [
      fc.boolean(),
      fc.integer(),
      fc.double(),
      text,
      fc.constantFrom(null, undefined, Number.NaN, -0, Infinity, -Infinity),
      fc.bigInt(),
      fc.date({ noInvalidDate: false }),
      fc.constantFrom(/a/, /"\\\//gimsuy),
      fc.uint8Array(),
      fc.uint8Array().map((array) => Buffer.from(array)),
      fc.uint8Array({ minLength: 2 }).map((array) => array.subarray(1)),
    ],
    maxDepth: 5,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withSparseArray: true,
    withTypedArray: true,
    withBigInt: true,
    withDate: true,
  });

  it('are exact for everything that can be carried', () => {
    fc.assert(
      fc.property(fc.array(carriable), (args) => {
        expect(picture(thereAndBack(args))).toBe(picture(args));
      }),
      { numRuns: 2_000 },
    );
  });

  it('are exact or refused for any arguments', () => {
    const anything = fc.anything({
      withBoxedValues: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
      withObjectString: true,
      withMap: true,
      withSet: true,
      withBigInt: true,
      withDate: true,
      stringUnit: fc.string({ minLength: 1, maxLength: 1, unit: fc.constantFrom('a', '_', '\ud800', '\udc00', '"') }),
    });
    fc.assert(
      fc.property(fc.array(anything), (args) => {
        let decoded: unknown[];
        try {
          decoded = thereAndBack(args);
        } catch (error) {
          expect(error).toMatchObject({ code: 'UNSERIALIZABLE_ARGUMENT' });
          return;
        }
        expect(picture(decoded)).toBe(picture(args));
      }),
      { numRuns: 2_000 },
    );
  });
});
