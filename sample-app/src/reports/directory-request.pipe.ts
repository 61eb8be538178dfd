import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BadRequestException, Injectable, type PipeTransform } from '@nestjs/common';
import { mayHaveSourceFiles } from '../counting/source-files.js';
import { kindOf, propertyIn, refused as refusedWith, shown } from '../http/json-body.js';
import type { RequestBody } from '../http/request-body.decorator.js';

/** The packages this repository has installed: thousands of real source files in every installation. */
export const DEFAULT_DIRECTORY = fileURLToPath(new URL('../../../node_modules', import.meta.url));

/** PATH_MAX of Linux. */
const MAX_PATH_LENGTH = 4_096;

const REMEDY =
  'Send a JSON object like {"directory": "/path/to/sources"}, or no body at all to count the packages of this repository.';

/**
 * Turns the body of `POST /reports` into a directory that a worker can count.
 *
 * @throws BadRequestException with the fault and the remedy
 */
@Injectable()
export class DirectoryRequestPipe implements PipeTransform<RequestBody, Promise<string>> {
  async transform(body: RequestBody): Promise<string> {
    const path = propertyIn(body, 'directory', REMEDY);
    const directory = path === undefined ? DEFAULT_DIRECTORY : checkedPath(path);
    await assertCountable(directory);
    return directory;
  }
}

function checkedPath(path: unknown): string {
  if (typeof path !== 'string') throw refused(`"directory" is ${kindOf(path)} instead of a string.`);
  if (path === '') throw refused('"directory" is empty.');
  if (path.length > MAX_PATH_LENGTH) {
    throw refused(`"directory" has ${path.length} characters; a path has ${MAX_PATH_LENGTH} at most.`);
  }
  if (path.includes('\0')) throw refused('"directory" contains a NUL character, which no path can.');
  if (!isAbsolute(path)) {
    throw refused(
      `"directory" is the relative path ${shown(path)}; only an absolute one means the same to API and workers.`,
    );
  }
  return path;
}

async function assertCountable(directory: string): Promise<void> {
  const stats = await stat(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw refused(`The directory ${shown(directory)} does not exist.`);
    throw refused(`The directory ${shown(directory)} cannot be opened (${error.code}).`);
  });
  if (!stats.isDirectory()) {
    throw refused(`${shown(directory)} is a ${stats.isFile() ? 'file' : 'special file'}, not a directory.`);
  }
  await access(directory, constants.R_OK | constants.X_OK).catch((error: NodeJS.ErrnoException) => {
    throw refused(`The directory ${shown(directory)} may not be read by this process (${error.code}).`);
  });
  if (!(await mayHaveSourceFiles(directory))) {
    throw refused(`The directory ${shown(directory)} holds no source files in any language this app knows.`);
  }
}

function refused(what: string): BadRequestException {
  return refusedWith(what, [REMEDY]);
}
