/** How a guard is described: its script without it. */
export const change = (guard, find, replace) => ({ guard, find, replace });
export const remove = (guard, find) => change(guard, find, '');
/** Guards whose absence a test in these files shows: those run first. */
export const missedBy = (tests, ...guards) => guards.flat().map((guard) => ({ tests, ...guard }));
