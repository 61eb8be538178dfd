/** The version of nestwork, from package.json: npm run generate writes it. */
export const VERSION = '0.1.0';
