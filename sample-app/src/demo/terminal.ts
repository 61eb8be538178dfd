import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

const coloured = process.stdout.isTTY && !process.env.NO_COLOR;

/** Text in a colour, where colours are wanted. */
export function paint(format: Format, text: string): string {
  return coloured ? styleText(format, text) : text;
}

/** A line, indented like all the output of the demo. */
export function say(text = ''): void {
  process.stdout.write(text === '' ? '\n' : `  ${text}\n`);
}

/** A horizontal bar; `share` is from 0 to 1. */
export function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return paint('cyan', '█'.repeat(full)) + paint('gray', '░'.repeat(width - full));
}
