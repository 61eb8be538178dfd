import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Cell, useCell } from '../store.js';
import { words } from './words.js';

/** The fields of a dialog, by name. */
export type Fields = Readonly<Record<string, string>>;

export interface Question {
  /** the question: `Cancel 3 tasks?` */
  readonly title: ComponentChildren;
  /** the consequences: at most three short lines */
  readonly lines?: readonly ComponentChildren[];
  /** the words of the button that does it; without them there is nothing to do */
  readonly main?: string;
  /** it cannot be taken back: the button is red, and the other one has the focus */
  readonly grave?: boolean;
  /** what must be typed first: the number of tasks that are deleted for ever */
  readonly typed?: string | undefined;
  /** fields with names; HTML checks them (`required`, `pattern`) */
  readonly body?: ComponentChildren;
  /** the words of the safe button */
  readonly close?: string;
  /** done while the dialog is open; an error stands in it, and the fields stay */
  readonly run?: (fields: Fields) => unknown;
  readonly wide?: boolean;
}

interface Asked extends Question {
  readonly answer: (fields: Fields | undefined) => void;
}

const asked = new Cell<Asked | undefined>(undefined);

/** Asks before something is done. @returns the fields, or undefined when the person does not want it */
export function ask(question: Question): Promise<Fields | undefined> {
  asked.value?.answer(undefined);
  return new Promise((answer) => asked.set({ ...question, answer }));
}

/** The place of the dialog, once in the page. */
export function Dialogs(): JSX.Element | null {
  const question = useCell(asked);
  return question ? <Dialog key={question} question={question} /> : null;
}

function Dialog({ question }: { readonly question: Asked }): JSX.Element {
  const { title, lines = [], main, grave, typed, body, close = 'Close', run, answer, wide } = question;
  const dialog = useRef<HTMLDialogElement>(null);
  const form = useRef<HTMLFormElement>(null);
  const [failure, setFailure] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [word, setWord] = useState('');
  const end = (fields?: Fields): void => {
    dialog.current?.close();
    if (asked.value === question) asked.set(undefined);
    answer(fields);
  };
  useEffect(() => {
    // it is about the view beneath, and would act in the namespace of the next one
    const leave = (): void => end();
    addEventListener('hashchange', leave);
    return () => removeEventListener('hashchange', leave);
  });
  useEffect(() => {
    // closing gives the focus back to the button that asked
    dialog.current?.showModal();
    const field = form.current?.querySelector<HTMLElement>('input,textarea,select');
    (field ?? form.current?.querySelector<HTMLElement>(grave || main === undefined ? '.safe' : '.main'))?.focus();
  }, [grave, main]);
  const submit = async (): Promise<void> => {
    if (busy || main === undefined || (typed !== undefined && word !== typed)) return;
    const data = new FormData(form.current as HTMLFormElement);
    const fields = Object.fromEntries([...data].map(([name, value]) => [name, String(value)]));
    setBusy(true);
    try {
      await run?.(fields);
      end(fields);
    } catch (error) {
      setFailure((error as Error).message);
      setBusy(false);
    }
  };
  return (
    <dialog
      ref={dialog}
      class={wide ? 'wide' : ''}
      aria-labelledby="question"
      onCancel={(event) => {
        event.preventDefault();
        end();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.current?.requestSubmit();
      }}
    >
      <form
        class="dlg"
        ref={form}
        onInput={() => setFailure(undefined)}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <header>
          <h1 id="question">{title}</h1>
        </header>
        <div>
          {body}
          {lines.length > 0 && (
            <ul class="plain">
              {lines.map((line, i) => (
                <li key={i}>{words(line)}</li>
              ))}
            </ul>
          )}
          {typed !== undefined && (
            <label class="typed">
              Type <b>{typed}</b> to go on:{' '}
              <input value={word} autocomplete="off" onInput={(event) => setWord(event.currentTarget.value)} />
            </label>
          )}
          {failure && (
            <p class="failure" role="alert">
              {words(failure)}
            </p>
          )}
        </div>
        <footer>
          <span class="grow" />
          <button type="button" class="safe" onClick={() => end()}>
            {close} <kbd class="m0">Esc</kbd>
          </button>
          {main !== undefined && (
            <button
              type="submit"
              class={`main ${grave ? 'grave' : ''}`}
              disabled={busy || (typed !== undefined && word !== typed)}
            >
              {main} <kbd class="m0">Ctrl ↵</kbd>
            </button>
          )}
        </footer>
      </form>
    </dialog>
  );
}
