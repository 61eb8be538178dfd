/** The settings by which Node listens for a debugger. */
export interface InspectorSettings {
  readonly execArgv: readonly string[];
  /** the environment variable NODE_OPTIONS */
  readonly nodeOptions: string | undefined;
  /** `process.debugPort` of the supervisor */
  readonly debugPort: number;
}

/** `--inspect`, `--inspect-brk` or `--inspect-wait`, with or without an address. */
const LISTENS = /(?:^|\s)--inspect(?:-brk|-wait)?(?:=|\s|$)/;
const ADDRESS = /--inspect(?:-brk|-wait|-port)?[=\s](\S+)/g;
const HIGHEST_PORT = 65_535;

/**
 * Arguments that a child needs, so that a debugger can attach to it as to its supervisor: two processes cannot listen on
 * one port. The child in seat 0 gets the port after the supervisor's, and so on; the host stays.
 *
 * @param seat 0 to the number of children, each taken by one child at a time
 * @example
 * inspectorArguments(1, { execArgv: ['--inspect'], nodeOptions: undefined, debugPort: 9229 }); // ['--inspect-port=9231']
 */
export function inspectorArguments(seat: number, { execArgv, nodeOptions, debugPort }: InspectorSettings): string[] {
  // those of the command line come before those of the environment, and the last one before all
  const settings = `${nodeOptions ?? ''} ${execArgv.join(' ')}`;
  if (!LISTENS.test(settings)) return [];
  const ports = Array.from(settings.matchAll(ADDRESS), ([, address = '']) => /(?:^|:)(\d+)$/.exec(address)?.[1]);
  const asked = ports.filter((port) => port !== undefined).at(-1);
  // a port that the system picks differs for each process anyway
  if (asked === '0') return [];
  const port = debugPort + 1 + seat;
  return [`--inspect-port=${port > HIGHEST_PORT ? 0 : port}`];
}
