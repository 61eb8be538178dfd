import { invalid } from '../../values/option-values.js';
import { shown } from '../../values/shown.js';

/**
 * A filter in a body, an object of texts with only these names. One that is missing must not mean all tasks: `{}` does.
 *
 * @throws NestworkError INVALID_OPTION
 */
export function textsOf<T extends string>(filter: unknown, names: readonly T[]): { readonly [Name in T]?: string } {
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) {
    throw invalid('filter', `is ${shown(filter)}`, 'Give an object; {} for all tasks.');
  }
  for (const [name, value] of Object.entries(filter)) {
    if (!names.some((known) => known === name))
      throw invalid(name, 'is no part of a filter', `There are: ${names.join(', ')}.`);
    if (typeof value !== 'string' || value === '')
      throw invalid(name, `is ${shown(value)}`, 'Give a text, or leave it out.');
  }
  return filter;
}
