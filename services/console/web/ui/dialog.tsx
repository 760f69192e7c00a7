/** Dialogs: the browser's own, which keeps the focus inside, closes on Escape and gives the focus back. */

import { useEffect, useId, useRef, useState } from "react";
import type { ReactElement, ReactNode } from "react";

export function Dialog({ title, onClose, children }: {
  title: string;
  onClose: () => void;
  children: ReactNode;
}): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose}>
      <div className="body">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

/** A button that asks again, because what it does cannot be undone. `note`: a line that goes with it. */
export function Confirmed({ label, title, text, confirm, note, isDanger = true, disabled = false, onConfirm }: {
  label: string;
  title: string;
  text: string;
  confirm: string;
  note?: { readonly label: string; readonly isRequired?: boolean };
  isDanger?: boolean;
  disabled?: boolean;
  onConfirm: (note: string) => void;
}): ReactElement {
  const [isOpen, setOpen] = useState(false);
  const [words, setWords] = useState("");
  const id = useId();
  const close = (): void => setOpen(false);
  return (
    <>
      <button type="button" className={isDanger ? "danger" : ""} disabled={disabled} onClick={() => setOpen(true)}>
        {label}
      </button>
      {isOpen && (
        <Dialog title={title} onClose={close}>
          <form
            className="form"
            onSubmit={(event) => {
              event.preventDefault();
              close();
              onConfirm(words.trim());
            }}
          >
            <p>{text}</p>
            {note && (
              <div>
                <label htmlFor={id}>{note.label}</label>
                <textarea
                  id={id}
                  rows={3}
                  required={note.isRequired ?? false}
                  value={words}
                  onChange={(event) => setWords(event.target.value)}
                />
              </div>
            )}
            <div className="actions">
              <button type="button" onClick={close}>
                Go back
              </button>
              <button type="submit" className={isDanger ? "danger" : "primary"}>
                {confirm}
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}
