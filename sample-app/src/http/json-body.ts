import { BadRequestException } from '@nestjs/common';
import type { RequestBody } from './request-body.decorator.js';

/**
 * The value of a body like `{"title": "..."}`.
 *
 * @param name the only property that it may have
 * @param remedy a valid body, for errors
 * @returns undefined when there is no body, or nothing in it
 * @throws BadRequestException with the fault and the remedy
 */
export function propertyIn({ contentType, text }: RequestBody, name: string, remedy: string): unknown {
  if (text.trim() === '') return undefined;
  if (!/^application\/(.+\+)?json\b/i.test(contentType)) {
    throw refused(`The body has the wrong type: ${shown(contentType)} instead of "application/json".`, [
      'Send the header Content-Type: application/json.',
      remedy,
    ]);
  }
  const value = parse(text, remedy);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refused(`The body is ${kindOf(value)} instead of a JSON object.`, [remedy]);
  }
  const properties = new Map<string, unknown>(Object.entries(value));
  const unknown = [...properties.keys()].filter((property) => property !== name);
  if (unknown.length > 0) {
    const names = unknown.slice(0, 5).map(shown).join(', ');
    throw refused(`The body has what this API does not know: ${names}. The only property is "${name}".`, [remedy]);
  }
  return properties.get(name);
}

export function refused(what: string, remedies: readonly string[]): BadRequestException {
  return new BadRequestException([what, ...remedies].join(' '));
}

/** Quoted, with invisible characters made visible and long text cut. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

export function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  return `the ${typeof value} ${typeof value === 'string' ? shown(value) : String(value)}`;
}

function parse(text: string, remedy: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refused(`The body is not JSON: ${(error as Error).message}.`, [remedy]);
  }
}
