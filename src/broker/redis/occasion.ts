/** When something fails: while an app or a worker starts, at a call later on, or because the connection was closed with the app. */
export type Occasion = 'start' | 'call' | 'end';

const REMEDIES: Readonly<Record<Occasion, string>> = {
  start:
    'An app and a worker need Redis to start: start Redis first, and then this process again, or let Docker, Kubernetes, systemd or PM2 do that.',
  call: 'Nothing was changed, so you can repeat a call that failed with this error.',
  end: 'Send before the app closes: await each delay() before app.close().',
};

/** What remains to be done when the reason is mended. */
export function remedyAt(occasion: Occasion): string {
  return REMEDIES[occasion];
}
