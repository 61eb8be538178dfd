import { BadRequestException } from '@nestjs/common';
import { DEFAULT_DIRECTORY, DirectoryRequestPipe } from '../../sample-app/src/reports/directory-request.pipe.js';
import { TemporaryDirectory } from './temporary-directory.js';

const pipe = new DirectoryRequestPipe();
const directory = new TemporaryDirectory().write({ 'src/a.js': 'a', 'docs/a.txt': 'a' });
afterAll(() => directory.remove());

const send = (text: string, contentType = 'application/json') => pipe.transform({ contentType, text });
const sendDirectory = (value: unknown) => send(JSON.stringify({ directory: value }));

test('a directory is accepted, also as a symbolic link or with a trailing slash', async () => {
  expect(await sendDirectory(directory.path)).toBe(directory.path);
  expect(await sendDirectory(`${directory.path}/src//`)).toBe(`${directory.path}/src//`);
  expect(await send(JSON.stringify({ directory: directory.path }), 'application/json; charset=utf-8')).toBe(
    directory.path,
  );
});

test.each([
  ['no body', ''],
  ['a blank body', ' \n'],
  ['an empty object', '{}'],
])('the installed packages are used for %s', async (_, text) => {
  expect(await send(text)).toBe(DEFAULT_DIRECTORY);
});

describe('the pipe refuses, with the reason and a remedy,', () => {
  async function refusal(sent: Promise<string>): Promise<string> {
    const error: unknown = await sent.then(
      (value) => `accepted ${value}`,
      (reason) => reason,
    );
    if (!(error instanceof BadRequestException)) throw error;
    expect(error.message).toContain('Send a JSON object like {"directory": "/path/to/sources"}');
    return error.message;
  }

  test.each<[string, string, RegExp]>([
    ['malformed JSON', '{"directory": ', /^The body is not JSON: .*JSON/],
    ['null', 'null', /^The body is null instead of a JSON object\./],
    ['an array', '["/a"]', /^The body is an array instead/],
    ['a string', '"/a"', /^The body is the string "\/a" instead/],
    [
      'unknown properties',
      '{"dir": "/a", "directory": "/b"}',
      /does not know: "dir"\. The only property is "directory"/,
    ],
    ['a prototype', '{"__proto__": {"directory": "/a"}}', /does not know: "__proto__"/],
    ['null as directory', '{"directory": null}', /^"directory" is null instead of a string\./],
    ['a number as directory', '{"directory": 7}', /^"directory" is the number 7 instead of a string\./],
    ['an object as directory', '{"directory": {}}', /^"directory" is an object instead/],
    ['an array as directory', '{"directory": ["/a"]}', /^"directory" is an array instead/],
    ['an empty path', '{"directory": ""}', /^"directory" is empty\./],
    ['a relative path', '{"directory": "src"}', /^"directory" is the relative path "src"; only an absolute/],
    ['a home directory', '{"directory": "~/src"}', /is the relative path "~\/src"/],
    ['a NUL character', '{"directory": "/a\\u0000b"}', /contains a NUL character/],
    ['what does not exist', '{"directory": "/no/such/place"}', /^The directory "\/no\/such\/place" does not exist\./],
    ['a special file', '{"directory": "/dev/null"}', /^"\/dev\/null" is a special file, not a directory\./],
  ])('%s', async (_, text, message) => {
    expect(await refusal(send(text))).toMatch(message);
  });

  test('a path that is too long, shortened', async () => {
    const message = await refusal(sendDirectory(`/${'a'.repeat(5_000)}`));
    expect(message).toMatch(/^"directory" has 5001 characters; a path has 4096 at most\./);
    expect((await refusal(sendDirectory('a'.repeat(4_000)))).length).toBeLessThan(600);
  });

  test('a file', async () => {
    expect(await refusal(sendDirectory(directory.at('src/a.js')))).toMatch(/a\.js" is a file, not a directory\./);
    expect(await refusal(sendDirectory(directory.at('src/a.js/b')))).toMatch(/cannot be opened \(ENOTDIR\)/);
  });

  test('a directory without source files', async () => {
    expect(await refusal(sendDirectory(directory.at('docs')))).toMatch(/holds no source files/);
  });

  test('another type of content', async () => {
    const message = await refusal(send('directory=/a', 'application/x-www-form-urlencoded'));
    expect(message).toMatch(/^The body has the wrong type: "application\/x-www-form-urlencoded" instead of/);
    expect(message).toContain('Send the header Content-Type: application/json.');
  });
});
