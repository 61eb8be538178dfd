/**
 * Whether a child leads its own process group, to which all processes that it starts belong. Windows has no such groups;
 * there `detached` would open a window.
 */
export const LEADS_GROUP = process.platform !== 'win32';

/**
 * Ends all processes of a group with SIGKILL, also when its leader is gone. While the group has a process, its number is
 * not given to others. So call it at once after the end of the leader: the number of an empty group is free.
 *
 * @param leader id of the process that leads it
 */
export function killGroup(leader: number): void {
  if (!LEADS_GROUP || leader <= 0) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // the group is empty, as it should be; or it has only processes of another user, which cannot be ended from here
  }
}
