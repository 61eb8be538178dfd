import { readFileSync } from 'node:fs';

const PAGE = new URL('../../docs/errors.md', import.meta.url).pathname;

/** docs/errors.md: its entry for each code, and its quotations of each mistake. */
export class ErrorPage {
  private readonly text = readFileSync(PAGE, 'utf8');

  /** The codes that have an entry, in its order. */
  codes(): string[] {
    return [...this.text.matchAll(/^### `([A-Z_]+)`$/gm)].map(([, code = '']) => code);
  }

  /** The message that the entry of a code quotes, without the dots at its end. */
  example(code: string): string {
    const [, message] = /^> (.+?)(?: \.\.\.)?$/m.exec(this.section(`\`${code}\``)) ?? [];
    if (message === undefined) throw new Error(`docs/errors.md quotes no message of ${code}.`);
    return message;
  }

  /** The text behind a heading, up to the next. */
  section(heading: string): string {
    const start = this.text.search(new RegExp(`^### ${heading.replace(/[`()?.]/g, '\\$&')}$`, 'm'));
    if (start < 0) throw new Error(`docs/errors.md has no heading "### ${heading}".`);
    const body = this.text.slice(start).replace(/^.*\n/, '');
    const end = body.search(/^#{2,3} /m);
    return body.slice(0, end < 0 ? undefined : end);
  }

  /** The output that the page quotes for a mistake: the lines of its blocks marked `text`. */
  quoted(heading: string): string[] {
    const blocks = [...this.section(heading).matchAll(/^```text\n([\s\S]*?)^```$/gm)];
    const lines = blocks.flatMap(([, block = '']) => block.split('\n')).filter((line) => line.trim() !== '');
    if (lines.length === 0) throw new Error(`docs/errors.md quotes nothing under "${heading}".`);
    return lines;
  }
}

/** Output with the ports, ids, pids and times of the page in place of those of the run. */
export function normalised(output: string): string[] {
  return output.split('\n').map((line) =>
    line
      .replace(/^\[Nest\] \d+ {2}- .*?(?=(?:LOG|WARN|ERROR) \[)/, '')
      .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:6379')
      .replace(/\b[0-9a-z]{12}[0-9a-z]{8}\b/g, 'k3v9x0q2m7ab00000001')
      .replace(/\bChild \d+\b/, 'Child 4711')
      .replace(/\(file:.*\/([\w.-]+\.js:)\d+:\d+\)/, '($1)')
      .trimEnd(),
  );
}
