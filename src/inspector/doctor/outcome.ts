import { printable } from '../../values/printable.js';
import type { DoctorCheck, DoctorCode, DoctorFinding } from './doctor-report.js';

const MOST_OF_A_TEXT = 1_000;
/** It may list all queues. */
const MOST_OF_A_COMMAND = 20_000;

/** The result of a check, without its name. */
export type Outcome = Omit<DoctorCheck, 'check'>;

/** @param summary the state that was found */
export function ok(summary: string): Outcome {
  return { status: 'ok', summary, findings: [] };
}

/** @param reason a sentence */
export function unchecked(reason: string): Outcome {
  return { status: 'unchecked', summary: reason, findings: [] };
}

/** A server need not report all that Redis does. */
export function unreported(field: string): Outcome {
  return unchecked(`the server does not report ${field}.`);
}

/** @param summary the state, should nothing be wrong with it */
export function judged(summary: string, findings: readonly DoctorFinding[]): Outcome {
  return findings.length > 0 ? { status: 'findings', summary, findings } : ok(summary);
}

/** A place, a consequence and a remedy. Texts of others cannot steer a terminal. */
export function finding(
  code: DoctorCode,
  where: string,
  { what, remedy, command }: { readonly what: string; readonly remedy: string; readonly command?: string },
): DoctorFinding {
  return {
    code,
    where: printable(where),
    what: printable(what, MOST_OF_A_TEXT),
    remedy: printable(remedy, MOST_OF_A_TEXT),
    command: command === undefined ? undefined : printable(command, MOST_OF_A_COMMAND),
  };
}
