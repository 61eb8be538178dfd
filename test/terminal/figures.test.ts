import { grouped, percent, rate, sparkline } from '../../src/terminal/figures.js';

describe('figures', () => {
  it.each([
    [0, '0'],
    [0.04, '<0.1'],
    [3.456, '3.5'],
    [9.96, '10'],
    [1_239.6, '1,240'],
  ])('rate(%d) is %s', (number, text) => {
    expect(rate(number)).toBe(text);
  });

  it('percent() is of 1', () => {
    expect([percent(0), percent(0.000_2), percent(0.125)]).toEqual(['0 %', '<0.1 %', '13 %']);
  });

  it('grouped() sums values, and loses none', () => {
    expect(grouped([1, 2, 3, 4, 5], 2)).toEqual([6, 9]);
    expect(grouped([1, 2], 5)).toEqual([1, 2]);
    expect(grouped([], 5)).toEqual([]);
  });

  it('sparkline() shows a little as more than nothing', () => {
    expect(sparkline([0, 1, 1_000])).toBe('▁▂█');
    expect(sparkline([0, 0])).toBe('▁▁');
  });
});
