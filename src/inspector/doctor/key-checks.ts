import type { SessionRecord } from '../../broker/port/checkup-port.js';
import { counted } from '../../values/counted.js';
import { printable } from '../../values/printable.js';
import { quoted } from '../../values/shell-word.js';
import type { DoctorCode, DoctorFinding } from './doctor-report.js';
import type { KeyList, KeySurvey } from './key-survey.js';
import { finding, judged, type Outcome } from './outcome.js';

export function judgeKeys(survey: KeySurvey): Outcome {
  const { ours, foreign, wrong } = survey;
  return judged(`${counted(ours, 'key')} in the namespace; ${reach(survey)}.`, [
    ...found('foreign-key', foreign, ({ type }) => ({
      what: `It is a ${type} that nestwork has not written, since it has no key of such a name.`,
      remedy: 'Find out which program wrote it. Rename it, or give the apps another `namespace`.',
    })),
    ...found('wrong-type', wrong, ({ type, expected }) => ({
      what: `It is a ${type}, where nestwork has a ${expected}. The scripts that need it refuse to work.`,
      remedy: 'Look at its value, then rename or delete it: nestwork has not written it.',
    })),
  ]);
}

/** How far a scan looked. */
export function reach({ looked, size, isComplete }: KeySurvey): string {
  if (isComplete) return `looked at all ${counted(size, 'key')} of the database`;
  return `looked at about ${looked} of ${size} keys of the database (--within looks longer)`;
}

type Describe = (key: KeyList['first'][number]) => { readonly what: string; readonly remedy: string };

function found(code: DoctorCode, { count, first }: KeyList, describe: Describe): DoctorFinding[] {
  return first.map((key, at) => {
    const { what, remedy } = describe(key);
    const isLast = at === first.length - 1;
    const more = isLast && count > first.length ? ` So are ${count - first.length} more.` : '';
    const name = quoted(printable(key.key, 500));
    return finding(code, key.key, {
      what: what + more,
      remedy,
      command: `redis-cli RENAME ${name} ${quoted(`foreign:${printable(key.key, 500)}`)}`,
    });
  });
}

/** A child that holds tasks, and that no session lists. */
export interface OrphanedClaims {
  readonly child: string;
  readonly tasks: number;
}

/** Names of keys, for commands. */
export interface ClaimKeys {
  key(name: string): string;
  readonly queues: readonly string[];
  readonly sessions: readonly SessionRecord[];
}

export function judgeClaims(survey: KeySurvey, orphaned: readonly OrphanedClaims[], keys: ClaimKeys): Outcome {
  const summary = `${counted(survey.children.length, 'child holds', 'children hold')} tasks; ${reach(survey)}.`;
  return judged(
    summary,
    orphaned.map(({ child, tasks }) => {
      const session = child.slice(0, child.lastIndexOf('.'));
      const isOpen = keys.sessions.some((one) => one.session === session);
      return finding('orphaned-claims', keys.key(`claims:${child}`), {
        what: `It holds ${counted(tasks, 'task')} of a child that no session lists: no worker runs them or gives them back.`,
        remedy: isOpen
          ? 'Register the child in its session again, then restart its worker: another worker gives the tasks back after the lease.'
          : 'Register the child in a session whose lease is over: a worker gives the tasks back within its lease.',
        command: registering(child, session, keys, isOpen),
      });
    }),
  );
}

/** The tasks go back to the queues that the session lists. */
function registering(child: string, session: string, { key, queues }: ClaimKeys, isOpen: boolean): string {
  const fields = isOpen ? '' : ` @queues ${quoted(queues.join(' '))}`;
  const register = `redis-cli HSET ${quoted(key(`session:${session}`))} ${quoted(child)} 0${fields}`;
  return isOpen ? register : `${register} && redis-cli ZADD ${quoted(key('sessions'))} NX 0 ${quoted(session)}`;
}
