import { types } from 'node:util';

const TRAVELS =
  'Arguments can hold JSON values, undefined, NaN, infinities, -0, bigint, Date, RegExp, URL, Map, Set and binary data.';

/** What to send in place of data that cannot travel, where nothing closer is known. */
export const GENERAL_REMEDIES: readonly string[] = [
  'Pass an id and let the task load what it needs, or pass plain data.',
  TRAVELS,
];

/** What a task would have of a DTO of a controller. */
const INSTANCE_REMEDIES: readonly string[] = [
  'Pass an id and let the task load what it needs.',
  'Or pass a plain copy: { ...dto }, list.map((dto) => ({ ...dto })) of a list, instanceToPlain(dto) of class-transformer where instances hold further ones, String(id) of an ObjectId or a decimal number.',
  'The task gets an instance again if its method has @UsePipes(new ValidationPipe({ transform: true })): see "Payloads" in docs/nest.md.',
];

/** By what no fake can imitate: what to write instead. A spread of these would be empty, or lose what counts. */
const OF_BUILT_IN: readonly (readonly [(value: object) => boolean, string])[] = [
  [types.isPromise, 'Await it first: delay(await value).'],
  [types.isNativeError, 'Pass what the task needs of it: { name: error.name, message: error.message }.'],
  [Array.isArray, 'Pass a plain array: [...value].'],
  [types.isMap, 'Pass a plain Map: new Map(value).'],
  [types.isSet, 'Pass a plain Set: new Set(value).'],
  [types.isDate, 'Pass a plain Date: new Date(value.getTime()).'],
];

/** What to send in place of an instance of a class that cannot travel. Runs no code of the value. */
export function remediesForInstance(value: object): readonly string[] {
  const found = OF_BUILT_IN.find(([is]) => is(value));
  return found ? [found[1], TRAVELS] : INSTANCE_REMEDIES;
}
