/** A value of JSON, with the place where it begins. */
export type JsonNode = {
  /** in the text, in UTF-16 units */
  readonly at: number;
} & (
  | { readonly kind: 'plain'; readonly value: string | number | boolean | null }
  | { readonly kind: 'list'; readonly items: readonly JsonNode[] }
  | { readonly kind: 'object'; readonly members: readonly JsonMember[] }
);

export interface JsonMember {
  readonly name: string;
  readonly at: number;
  readonly value: JsonNode;
}

/** What is wrong with a text, and where. */
export class TextError extends Error {
  constructor(text: string, at: number, what: string) {
    super(`${placeIn(text, at)}: ${what}`);
  }
}

/** Line and column, from 1. */
function placeIn(text: string, at: number): string {
  const lines = text.slice(0, at).split('\n');
  return `Line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
}

/** More than any arguments have, with their written forms. */
const MOST_LEVELS = 400;
const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const TEXT = /"(?:[^"\\]|\\.)*"/y;

/**
 * Reads JSON and keeps where each value stands, so that what is wrong with it can be shown there.
 *
 * @throws TextError
 */
export function readJson(text: string): JsonNode {
  const reader = new Reader(text);
  const node = reader.value(0);
  reader.end();
  return node;
}

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  value(level: number): JsonNode {
    this.skip();
    const { at } = this;
    if (level > MOST_LEVELS) throw this.wrong('it nests too deep');
    switch (this.text[at]) {
      case '[':
        return { kind: 'list', at, items: this.list(level) };
      case '{':
        return { kind: 'object', at, members: this.members(level) };
      case '"':
        return { kind: 'plain', at, value: this.string() };
      default:
        return { kind: 'plain', at, value: this.scalar() };
    }
  }

  end(): void {
    this.skip();
    if (this.at < this.text.length) throw this.wrong('the text should end here');
  }

  private list(level: number): JsonNode[] {
    const items: JsonNode[] = [];
    this.at += 1;
    if (this.takes(']')) return items;
    do items.push(this.value(level + 1));
    while (this.takes(','));
    this.expect(']', 'a comma or ]');
    return items;
  }

  private members(level: number): JsonMember[] {
    const members: JsonMember[] = [];
    const names = new Set<string>();
    this.at += 1;
    if (this.takes('}')) return members;
    do {
      this.skip();
      const { at } = this;
      if (this.text[at] !== '"') throw this.wrong('a name in quotes is missing');
      const name = this.string();
      if (names.has(name)) throw new TextError(this.text, at, `the name ${JSON.stringify(name)} is there twice`);
      names.add(name);
      this.expect(':', 'a colon');
      members.push({ name, at, value: this.value(level + 1) });
    } while (this.takes(','));
    this.expect('}', 'a comma or }');
    return members;
  }

  private string(): string {
    const { at } = this;
    TEXT.lastIndex = at;
    const [found] = TEXT.exec(this.text) ?? [];
    if (found === undefined) throw this.wrong('a text has no quote at its end');
    try {
      const value = JSON.parse(found) as string;
      this.at += found.length;
      return value;
    } catch {
      throw this.wrong('a text in quotes has a line break or an escape that JSON does not know');
    }
  }

  private scalar(): number | boolean | null {
    for (const pattern of [NUMBER, WORD]) {
      pattern.lastIndex = this.at;
      const [found] = pattern.exec(this.text) ?? [];
      if (found === undefined) continue;
      const value = JSON.parse(found) as number | boolean | null;
      if (value === Infinity || value === -Infinity) throw this.wrong('the number is too large');
      this.at += found.length;
      return value;
    }
    throw this.wrong(this.at < this.text.length ? 'no value of JSON begins so' : 'a value is missing');
  }

  private takes(mark: string): boolean {
    this.skip();
    if (this.text[this.at] !== mark) return false;
    this.at += 1;
    return true;
  }

  private expect(mark: string, name: string): void {
    if (!this.takes(mark)) throw this.wrong(`${name} is missing`);
  }

  private skip(): void {
    SPACE.lastIndex = this.at;
    SPACE.exec(this.text);
    this.at = SPACE.lastIndex;
  }

  private wrong(what: string): TextError {
    return new TextError(this.text, this.at, what);
  }
}
