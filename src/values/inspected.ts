import { inspect, types } from 'node:util';
import { cut } from './printable.js';
import { own } from './thrown.js';

const MAX_TEXT = 500;
const MAX_KEYS = 10;
const MAX_ITEMS = 5;
const MAX_DEPTH = 3;

/** The properties that describe a failure in most things that are thrown and are no errors. */
const SHOWN = ['name', 'code', 'statusCode', 'status', 'message'] as const;

/** Names behind which clients keep what they sent, and with it what only they may know. */
const SECRET =
  /pass|pwd|secret|token|jwt|bearer|auth|cookie|credential|session|signature|(api|access|encryption|signing).?key|private|config|request|response|headers|body|payload|args/i;

/**
 * A value that is no error, in a few words on one line. Runs no code of it (no getter, no `toString`, no trap of a proxy),
 * shows nothing under a name that promises a secret, and is of bounded depth and length. Where it has a message, that and its
 * codes are all.
 *
 * @example
 * inspected({ statusCode: 400, message: 'Bad Request', request }); // { statusCode: 400, message: 'Bad Request' }
 */
export function inspected(value: unknown): string {
  if (typeof value === 'string') return value;
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return String(value);
  try {
    return cut(ofObject(value), MAX_TEXT);
  } catch {
    return typeof value;
  }
}

function ofObject(value: object): string {
  if (types.isProxy(value)) return 'a proxy';
  if (typeof value === 'function') return `a function ${nameOf(value)}`.trimEnd();
  const refusal = validationText(value);
  if (refusal !== undefined) return refusal;
  const kind = kindOf(value);
  const isPlain = kind === '' || kind === 'Object' || Array.isArray(value) || ArrayBuffer.isView(value);
  const label = isPlain ? '' : `${kind} `;
  return (
    label + inspect(tellingOf(value) ?? copy(value, MAX_DEPTH), { breakLength: Infinity, maxStringLength: MAX_TEXT })
  );
}

function tellingOf(value: object): object | undefined {
  if (typeof own(value, 'message') !== 'string') return undefined;
  const found = SHOWN.map((key) => [key, own(value, key)] as const);
  return Object.fromEntries(found.filter(([, each]) => typeof each === 'string' || typeof each === 'number'));
}

/** Plain data with what can be shown of it, so that `inspect` meets nothing else. */
function copy(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cut(value, MAX_TEXT);
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return value;
  if (depth === 0 || types.isProxy(value) || typeof value === 'function' || ArrayBuffer.isView(value)) {
    return marked(types.isProxy(value) ? 'Proxy' : kindOf(value) || 'Object');
  }
  const refusal = validationText(value);
  if (refusal !== undefined) return marked(refusal, MAX_TEXT);
  if (Array.isArray(value)) {
    const items = value.slice(0, MAX_ITEMS).map((_item, index) => copy(own(value, index), depth - 1));
    return value.length > MAX_ITEMS ? [...items, marked(`${value.length - MAX_ITEMS} more`)] : items;
  }
  const keys = Object.keys(value);
  const shown = keys.slice(0, MAX_KEYS).map((key): [string, unknown] => {
    const descriptor = Reflect.getOwnPropertyDescriptor(value, key);
    if (SECRET.test(key)) return [key, marked('withheld')];
    return [key, descriptor && 'value' in descriptor ? copy(descriptor.value, depth - 1) : marked('Getter')];
  });
  if (keys.length > MAX_KEYS) shown.push(['…', marked(`${keys.length - MAX_KEYS} more`)]);
  return Object.fromEntries(shown);
}

/** Shown in brackets, without quotes. */
function marked(text: string, most = 100): object {
  return { [inspect.custom]: () => `[${cut(text, most)}]` };
}

/** The name of its class. */
function kindOf(value: object): string {
  const prototype = Reflect.getPrototypeOf(value);
  if (prototype === null || types.isProxy(prototype)) return '';
  const maker = own(prototype, 'constructor');
  return typeof maker === 'function' && !types.isProxy(maker) ? nameOf(maker) : '';
}

function nameOf(maker: object): string {
  const name = own(maker, 'name');
  return typeof name === 'string' ? cut(name, 100) : '';
}

/**
 * The problems in an error of class-validator. Beside it the error holds the input, which may be secret, under names that
 * do not show it: `value` and `target`.
 *
 * @returns undefined for everything else
 */
function validationText(value: object): string | undefined {
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
  const keys = Array.isArray(of) ? Array.from(of.slice(0, MAX_KEYS).keys()) : Object.keys(of).slice(0, MAX_KEYS);
  return keys.map((key) => own(of, key));
}
