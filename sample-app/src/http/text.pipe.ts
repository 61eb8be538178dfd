import type { PipeTransform } from '@nestjs/common';
import { kindOf, propertyIn, refused, shown } from './json-body.js';
import type { RequestBody } from './request-body.decorator.js';

/**
 * Takes a single text out of a body.
 *
 * @example
 * async rename(@RawText(new TextPipe('title', 'a title of 1 to 100 characters', isTitle)) title: string) {}
 */
export class TextPipe implements PipeTransform<RequestBody, string> {
  /**
   * @param name of the property
   * @param what the wanted value, in words
   */
  constructor(
    private readonly name: string,
    private readonly what: string,
    private readonly isValid: (text: string) => boolean,
  ) {}

  transform(body: RequestBody): string {
    const remedy = `Send a JSON object like {"${this.name}": "..."}, with ${this.what}.`;
    const text = propertyIn(body, this.name, remedy);
    if (typeof text !== 'string') throw refused(`"${this.name}" is ${kindOf(text)} instead of a string.`, [remedy]);
    if (!this.isValid(text)) throw refused(`"${this.name}" is ${shown(text)}.`, [remedy]);
    return text;
  }
}
