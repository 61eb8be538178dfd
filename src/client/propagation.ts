import { NestworkError } from '../errors.js';
import { type GivenHeaders, readHeaders } from '../message/headers.js';
import { errorText } from '../values/error-text.js';
import { printable } from '../values/printable.js';

const WHERE = '`propagate` of TaskQueueModule';

/** Asks what is to travel with every call made from here. */
export type Propagation = () => GivenHeaders | undefined;

/**
 * What `propagate` says of this moment.
 *
 * @throws NestworkError PROPAGATE_FAILED: it threw; INVALID_HEADERS: what it gave are no headers. Nothing was sent: a
 * task without its tenant could do harm
 */
export function propagatedHeaders(propagate: Propagation): GivenHeaders | undefined {
  const given = asked(propagate);
  return given === undefined ? undefined : readHeaders(given, WHERE);
}

function asked(propagate: Propagation): unknown {
  try {
    return propagate();
  } catch (cause) {
    throw new NestworkError(
      'PROPAGATE_FAILED',
      `${WHERE} threw, so nothing was sent: ${printable(errorText(cause), 500)}.`,
      [
        'Let it return undefined, or leave out a header, where there is nothing to pass on.',
        'It is asked at every call, also outside of requests and tasks.',
      ],
      { cause },
    );
  }
}
