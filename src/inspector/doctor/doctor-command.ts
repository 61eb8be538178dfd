import { command } from '../../terminal/command.js';
import { EXIT } from '../../terminal/exit-code.js';
import { wrapped } from '../../terminal/frame.js';
import { duration } from '../../terminal/usage.js';
import type { InspectorContext } from '../inspector-context.js';
import type { DoctorCheck, DoctorFinding } from './doctor-report.js';

const MARKS = { ok: '✓', findings: '✗', unchecked: '?' } as const;
const NAME_WIDTH = 12;
const INDENT = ' '.repeat(2 + NAME_WIDTH);

/** A finding, or a check that has none. */
type Row = Pick<DoctorCheck, 'check' | 'status'> & Partial<DoctorFinding> & { readonly what: string };

const COLUMNS = [
  { title: 'CHECK', of: ({ check }: Row) => check },
  { title: 'STATUS', of: ({ status }: Row) => status },
  { title: 'CODE', of: ({ code }: Row) => code },
  { title: 'WHERE', of: ({ where }: Row) => where },
  { title: 'WHAT', of: ({ what }: Row) => what },
  { title: 'REMEDY', of: ({ remedy }: Row) => remedy },
  { title: 'COMMAND', of: ({ command }: Row) => command },
];

/** `nestwork doctor` */
export const doctorCommand = command({
  name: 'doctor',
  summary: 'check Redis, the keys, the workers and the queues; each finding has a remedy',
  options: { within: duration('<time>', 'search for foreign keys and unknown names for so long (5s)') },
  run: async (context: InspectorContext, _given, { within }) => {
    const { inspector, out } = context;
    const results = await (await inspector({ unchecked: true })).doctor(within ? { within } : {});
    const checks = results.map(({ findings, ...check }) => ({
      ...check,
      findings: findings.map((finding) => ({ ...finding, command: aimed(finding.command, context) })),
    }));
    if (out.isJson) for (const check of checks) out.json(check);
    else if (out.isTerminal) out.record(checks, () => checks.flatMap((check) => linesOf(check, out.width)).join('\n'));
    else out.table(checks.flatMap(rowsOf), COLUMNS, '');
    const found = checks.reduce((sum, { findings }) => sum + findings.length, 0);
    return found > 0 ? EXIT.findings : EXIT.done;
  },
});

/** A command as a person has to type it to reach the server that was checked. */
function aimed(
  given: string | undefined,
  { redisCli, typed }: Pick<InspectorContext, 'redisCli' | 'typed'>,
): string | undefined {
  const options = typed([]).slice('npx nestwork'.length);
  return given
    ?.replace(/^npx nestwork .*/, (command) => command + options)
    .replaceAll(/(^|&& )redis-cli /g, (_, before) => `${before}${redisCli} `);
}

function linesOf({ check, status, summary, findings }: DoctorCheck, width: number): string[] {
  const room = width - INDENT.length;
  const said = status === 'unchecked' ? `not checked, because ${summary}` : summary;
  const [first = '', ...rest] = [...wrapped(said, room), ...findings.flatMap((each) => findingLines(each, room))];
  return [`${MARKS[status]} ${check.padEnd(NAME_WIDTH)}${first}`, ...rest.map((line) => INDENT + line)];
}

/** The terminal breaks a long command, so that it is still one line when a person copies it. */
function findingLines({ code, where, what, remedy, command }: DoctorFinding, room: number): string[] {
  const texts = [`${where}: ${what} [${code}]`, remedy].flatMap((text) => wrapped(text, room));
  return command === undefined ? texts : [...texts, `$ ${command}`];
}

function rowsOf({ check, status, summary, findings }: DoctorCheck): Row[] {
  if (findings.length > 0) return findings.map((finding) => ({ check, status, ...finding }));
  return [{ check, status, what: status === 'unchecked' ? `not checked, because ${summary}` : summary }];
}
