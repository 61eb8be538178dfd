import { errorPattern } from '../../src/inspector/error-pattern.js';

it.each([
  ['Error: connect ETIMEDOUT 10.0.7.21:443', 'Error: connect ETIMEDOUT 10.0.7.21:443'],
  ['Error: invoice 88213 is locked since 12:04:11', 'Error: invoice ‹…› is locked since ‹…›'],
  ["Error: user 'anna' doesn't exist, can't be paid", "Error: user '‹…›' doesn't exist, can't be paid"],
  ['Error: "a" and `b` clash', 'Error: "‹…›" and `‹…›` clash'],
  ['NotFound: 7f3c1a2e-0b6d-4b0e-9d7a-1c2d3e4f5a6b', 'NotFound: ‹…›'],
  ['Error: task k3v9x0q2m7ab00000001 of in_88213', 'Error: task ‹…› of ‹…›'],
  ['Error: GET https://psp.example.com/v1/charges/7?key=s%20x failed', 'Error: GET https://psp.example.com/‹…› failed'],
  ['Error: https://psp.example.com:8443 is away', 'Error: https://psp.example.com:8443 is away'],
  ['Error: Request failed with status code 503', 'Error: Request failed with status code 503'],
  ['Error: HTTP 429 for anna@example.org', 'Error: HTTP 429 for ‹…›'],
  ['HardTimeoutError: took 30s, allowed 1.5 s', 'HardTimeoutError: took ‹…›s, allowed ‹…› s'],
  ['Error: rows 1, 2, 3 and 4', 'Error: rows ‹…› and ‹…›'],
  ['Error: sha256 of utf8 in ES2022', 'Error: sha256 of utf8 in ES2022'],
  ['TypeError: x is not a function\n    at y (z:1:2)', 'TypeError: x is not a function'],
  ['', ''],
])('%j has the pattern %j', (error, pattern) => {
  expect(errorPattern(error)).toBe(pattern);
});

it.each(['a1', "'", 'http://', '1.', 'a-', 'a_1 ', '1 '])('the pattern of many %j is short', (text) => {
  expect(errorPattern(text.repeat(4_000)).length).toBeLessThanOrEqual(300);
});
