import { Injectable } from '@nestjs/common';
import { readSource } from '../counting/read-source.js';

const MAX_CHARACTERS = 20_000_000;

/** The texts that this process has read, so that the next search of them is faster. */
@Injectable()
export class SourceCache {
  private readonly texts = new Map<string, string>();
  private characters = 0;

  /** Undefined for a file that is no text. */
  async read(path: string): Promise<string | undefined> {
    const known = this.texts.get(path);
    if (known !== undefined) return known;
    const content = await readSource(path);
    if (typeof content === 'string') return undefined;
    const text = content.toString('utf8');
    if (this.characters + text.length <= MAX_CHARACTERS) {
      this.texts.set(path, text);
      this.characters += text.length;
    }
    return text;
  }

  /** Returns how many it had. */
  clear(): number {
    const { size } = this.texts;
    this.texts.clear();
    this.characters = 0;
    return size;
  }
}
