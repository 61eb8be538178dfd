import { command } from '../../terminal/command.js';
import { EXIT } from '../../terminal/exit-code.js';
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
    else if (out.isTerminal) out.record(checks, () => checks.map(textOf).join('\n'));
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

function textOf({ check, status, summary, findings }: DoctorCheck): string {
  const said = status === 'unchecked' ? `not checked, because ${summary}` : summary;
  const head = `${MARKS[status]} ${check.padEnd(NAME_WIDTH)}${said}`;
  return [head, ...findings.flatMap(linesOf)].join('\n');
}

function linesOf({ code, where, what, remedy, command }: DoctorFinding): string[] {
  const lines = [`${where}: ${what} [${code}]`, remedy, ...(command === undefined ? [] : [`$ ${command}`])];
  return lines.map((line) => INDENT + line);
}

function rowsOf({ check, status, summary, findings }: DoctorCheck): Row[] {
  if (findings.length > 0) return findings.map((finding) => ({ check, status, ...finding }));
  return [{ check, status, what: status === 'unchecked' ? `not checked, because ${summary}` : summary }];
}
