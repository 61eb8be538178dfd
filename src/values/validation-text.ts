import { types } from 'node:util';
import { own } from './thrown.js';

const MAX_DEPTH = 5;
const MAX_MEMBERS = 10;

/**
 * The problems in an error of class-validator. Beside it the error holds the input, which may be secret, under names that
 * do not show it: `value` and `target`.
 *
 * @returns undefined for everything else
 * @example
 * validationText({ property: 'age', value: 'x', constraints: { isInt: 'age must be an integer' } }); // 'age must be an integer'
 */
export function validationText(value: object): string | undefined {
  if (types.isProxy(value) || !(Object.hasOwn(value, 'property') || Object.hasOwn(value, 'target'))) return undefined;
  const said = saidOf(value, '', MAX_DEPTH);
  return said.length > 0 ? said.join('; ') : undefined;
}

/** As Nest spells it: with the way from the outermost object before the message, which begins with the property. */
function saidOf(error: object, within: string, depth: number): string[] {
  const property = own(error, 'property');
  const name = typeof property === 'string' ? property : '';
  const messages = members(own(error, 'constraints')).map((message) => {
    if (typeof message !== 'string') return '';
    return message.startsWith(name) ? `${within}${message}` : `${within}${name}: ${message}`;
  });
  const inside = depth === 0 ? [] : members(own(error, 'children'));
  return [
    ...messages.filter((message) => message !== ''),
    ...inside.flatMap((child) =>
      typeof child === 'object' && child !== null ? saidOf(child, `${within}${name}.`, depth - 1) : [],
    ),
  ];
}

/** The first members of an array or of an object, without running any code of it. */
function members(of: unknown): unknown[] {
  if (typeof of !== 'object' || of === null || types.isProxy(of)) return [];
  const keys = Array.isArray(of) ? Array.from(of.slice(0, MAX_MEMBERS).keys()) : Object.keys(of).slice(0, MAX_MEMBERS);
  return keys.map((key) => own(of, key));
}
