/** Entry of an {@link AppProcess}: `node start-app.js FILE FUNCTION`. A worker forks it again, with the same arguments. */
import 'reflect-metadata';

const [file = '', exported = ''] = process.argv.slice(2);
const app: Record<string, () => Promise<void>> = await import(file);
await app[exported]?.();
