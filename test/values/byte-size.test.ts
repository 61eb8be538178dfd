import { type ByteSize, toBytes } from '../../src/values/byte-size.js';

describe('toBytes', () => {
  it.each<[ByteSize, number]>([
    [1, 1],
    ['1B', 1],
    ['10 KB', 10_240],
    ['300MB', 314_572_800],
    ['1.5GB', 1_610_612_736],
  ])('%p is %p', (size, bytes) => {
    expect(toBytes(size, 'maxMemoryPerChild')).toBe(bytes);
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, '', '300', '300mb', '-1MB', '1e3KB', null, {}])(
    'refuses %p by name',
    (size) => {
      const convert = () => toBytes(size as ByteSize, 'maxMemoryPerChild');
      expect(convert).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
      expect(convert).toThrow('maxMemoryPerChild');
    },
  );
});
