import * as fc from 'fast-check';
import { encodeOrderTag, fairDigest, orderTagOf } from '../../src/message/order-tag.js';
import { TAG_LENGTH } from '../../src/message/tags.js';
import { encodeMessage } from '../../src/message/task-message.js';

function message(tags: string): string {
  return encodeMessage({ id: 'k3v9x0q2m70000000007', name: 'Some.task', payload: '[7]', enqueuedAt: 1, tags });
}

describe('the order tag of a message', () => {
  it('has the priority, the age of a step and the tenant, each at its place', () => {
    expect(encodeOrderTag({ priority: 2, ageMs: 60_000, fair: undefined })).toBe(`o2001aao${'-'.repeat(20)}`);
    expect(encodeOrderTag({ priority: 0, ageMs: 1, fair: fairDigest('acme') })).toBe(`o0000001${fairDigest('acme')}`);
    expect(fairDigest('acme')).toMatch(/^[A-Za-z0-9_-]{20}$/);
    expect(fairDigest('acme')).not.toBe(fairDigest('bolt'));
  });

  it('reads as what was written', () => {
    const tag = fc.record({
      priority: fc.integer({ min: 0, max: 9 }),
      ageMs: fc.integer({ min: 1, max: 24 * 86_400_000 }),
      fair: fc.option(fc.string().map(fairDigest), { nil: undefined }),
    });
    fc.assert(
      fc.property(tag, (order) => {
        expect(encodeOrderTag(order)).toHaveLength(TAG_LENGTH);
        expect(orderTagOf(message(encodeOrderTag(order)))).toEqual(order);
      }),
    );
  });

  it('is none for a message with neither', () => {
    expect(orderTagOf(message(''))).toBeUndefined();
  });
});
