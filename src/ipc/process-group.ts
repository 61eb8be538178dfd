/**
 * Whether a child leads a process group of its own, which all that it starts belongs to. Windows has no such groups; there
 * `detached` would open a window.
 */
export const LEADS_GROUP = process.platform !== 'win32';

/**
 * Ends all processes of a group with SIGKILL, also when the one that leads it is gone. What is left of it keeps its number from
 * being given to others; so it must be called at once after the end of the leader: a group that is empty by then keeps nothing.
 *
 * @param leader id of the process that leads it
 */
export function killGroup(leader: number): void {
  if (!LEADS_GROUP || leader <= 0) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // nobody is left, as it should be; or only processes of another user, which cannot be ended from here
  }
}
