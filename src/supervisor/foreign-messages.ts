/** PM2 and its agent, which run in each child that they start or that loads them. */
const OF_PM2 = /^(?:(?:axm|process|human|log|pm2|application):.*|profilings|trace-span)$/s;
/** PM2 at the start of a process, and `node --watch` for each file that is loaded. */
const FIELDS = ['node_version', 'watch:require', 'watch:import'];

/**
 * Whether a message comes from a tool that sends messages to the parent of its process. Such a message does not belong to
 * the protocol, and the app is not at fault.
 */
export function isOfAnotherTool(message: unknown): boolean {
  if (typeof message !== 'object' || message === null) return false;
  if ('type' in message) return typeof message.type === 'string' && OF_PM2.test(message.type);
  return FIELDS.some((field) => field in message);
}
