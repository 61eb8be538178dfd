export async function saveHits(_hits: readonly string[]): Promise<void> {}
