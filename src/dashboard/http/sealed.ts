import type { Call, Subject } from './route.js';

/** Whether this person may see what is sealed, of one task or at all: what errors and notes quote is as secret as arguments. */
export async function seesSealed({ inspector, rights }: Call, subject?: Subject): Promise<boolean> {
  return inspector.keyless === inspector || (await rights.may('arguments', subject));
}

/** The call of a person who may not: neither an answer nor a search shows what is sealed. */
export function withoutKeys(call: Call): Call {
  const { inspector, live } = call;
  return { ...call, inspector: inspector.keyless, live: { ...live, shared: live.keyless } };
}
