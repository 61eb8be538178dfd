// a variable: the compiler has no types of it
const tool = new URL('../../tools/programs.mjs', import.meta.url).href;
const { isAtLeast } = (await import(tool)) as { isAtLeast(version: string | undefined, oldest: string): boolean };

describe('isAtLeast', () => {
  it.each([
    ['10.6', '10.6'],
    ['10.6.1', '10.6'],
    ['10.11.19', '10.6'],
    ['11', '10.6'],
    ['15', '15'],
    ['15.18', '15'],
  ])('is true for %s when %s is the oldest', (version, oldest) => expect(isAtLeast(version, oldest)).toBe(true));

  it.each([
    ['10.5.29', '10.6'],
    ['10', '10.6'],
    ['9.11', '10.6'],
    ['14.9', '15'],
    [undefined, '1'],
  ])('is false for %s when %s is the oldest', (version, oldest) => expect(isAtLeast(version, oldest)).toBe(false));
});
