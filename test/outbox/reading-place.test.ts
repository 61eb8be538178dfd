import { ReadingPlace } from '../../src/outbox/reading-place.js';

describe('the place where a relay reads on', () => {
  let now = 0;
  let place: ReadingPlace;
  beforeEach(() => {
    now = 1_000;
    place = new ReadingPlace(() => now);
  });

  it('is the beginning at first', () => {
    expect(place.after).toBeUndefined();
  });

  it('is behind the last row, until a look from the beginning has become cheap', () => {
    place.looked(undefined, 7, 10);
    expect(place.after).toBe(7);
    place.looked(7, 9, 1);
    expect(place.after).toBe(9);
    expect(place.dueInMs(7)).toBe(200);
    now += 200;
    expect(place.after).toBeUndefined();
  });

  it('stays where it is while no row is found behind it', () => {
    place.looked(undefined, 7, 10);
    place.looked(7, undefined, 1);
    expect(place.after).toBe(7);
  });

  it('is the beginning again after ten seconds at the latest', () => {
    place.looked(undefined, 7, 60_000);
    expect(place.dueInMs(7)).toBe(10_000);
    now += 10_000;
    expect(place.after).toBeUndefined();
  });

  it('is the beginning again when rows stay', () => {
    place.looked(undefined, 7, 10);
    place.reset();
    expect(place.after).toBeUndefined();
  });

  it('leaves nothing to look for after a look from the beginning', () => {
    place.looked(undefined, 7, 10);
    expect(place.dueInMs(undefined)).toBe(0);
  });
});
