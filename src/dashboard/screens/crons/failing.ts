/** Whether the last run of a cron is dead. */
export const isFailing = ({ lastRun }: { readonly lastRun?: { readonly outcome: string } | undefined }): boolean =>
  lastRun?.outcome === 'dead';
