import type { ComponentType, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Loading, Note } from './parts/note.js';
import { Cell, useCell } from './store.js';

interface LaterFile {
  readonly View: ComponentType;
}

/** A view with a file of its own, which is loaded when the view is first opened. */
export function later(load: () => Promise<LaterFile>): ComponentType {
  const file = new Cell<Partial<LaterFile> | undefined>(undefined);
  return () => {
    const { View } = useCell(file) ?? {};
    useEffect(() => {
      // one that failed is tried again when the view is opened again
      if (!View) load().then(file.set.bind(file), () => file.set({}));
    }, []);
    return View ? <View /> : file.value ? <Missing /> : <Loading />;
  };
}

/** The style of a view that is loaded later, which travels in its script. */
export function adopt(css: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets.push(sheet);
}

/** The app is away, or has been updated since the page was opened. */
function Missing(): JSX.Element {
  const side = (
    <button type="button" onClick={() => location.reload()}>
      Load again
    </button>
  );
  return (
    <div role="alert">
      <Note state="dead" title="This view could not be loaded." side={side} />
    </div>
  );
}
