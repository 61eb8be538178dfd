/** The whole values at the start of the bytes of a connection, and the bytes that are left for the next time. */
export function completeValues(bytes: Buffer): { values: Buffer[]; rest: Buffer } {
  const values: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = endOfValue(bytes, at);
    if (end < 0) return { values, rest: bytes.subarray(at) };
    values.push(bytes.subarray(at, end));
    at = end;
  }
}

/** The position behind the RESP 2 or 3 value that begins at `at`; -1 when it is not complete. */
function endOfValue(bytes: Buffer, at: number): number {
  const line = bytes.indexOf('\r\n', at, 'latin1');
  if (line < 0) return -1;
  const body = line + 2;
  const length = Number(bytes.toString('latin1', at + 1, line));
  switch (String.fromCharCode(bytes[at] as number)) {
    case '$':
    case '=':
    case '!': {
      const end = length < 0 ? body : body + length + 2;
      return end <= bytes.length ? end : -1;
    }
    case '*':
    case '~':
    case '>':
      return endOfValues(bytes, body, length);
    case '%':
      return endOfValues(bytes, body, 2 * length);
    default:
      return body;
  }
}

function endOfValues(bytes: Buffer, from: number, count: number): number {
  let at = from;
  for (let index = 0; index < count && at >= 0; index += 1) at = endOfValue(bytes, at);
  return at;
}
