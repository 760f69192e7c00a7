/** A badge with the state of the connection; with details, a dialog behind it. */

import { useId, useRef } from "react";
import type { ReactElement } from "react";
import { useConnectionStatus } from "../react/status";
import { ConnectionIndicator, Mark } from "./indicator";
import { ConnectionHealthMonitor } from "./monitor";
import { ENGLISH } from "./words";
import type { Words } from "./words";

export interface WebSocketStatusProps {
  /** The badge is a button that opens a dialog with the connection's health and the means to act on it. */
  readonly showDetails?: boolean | undefined;
  readonly words?: Words | undefined;
  readonly className?: string | undefined;
}

export function WebSocketStatus({ showDetails = false, words = ENGLISH, className }: WebSocketStatusProps): ReactElement {
  return showDetails ? (
    <StatusButton words={words} className={className} />
  ) : (
    <ConnectionIndicator words={words} className={className} />
  );
}

function StatusButton({ words, className = "" }: { words: Words; className?: string | undefined }): ReactElement {
  const { state, isConnected, connect, disconnect, reconnect } = useConnectionStatus();
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const close = (): void => dialog.current?.close();
  return (
    <>
      <button
        type="button"
        className={`admca-badge ${className}`.trim()}
        data-state={state}
        aria-haspopup="dialog"
        onClick={() => dialog.current?.showModal()}
      >
        <Mark state={state} words={words} />
        <span className="admca-hidden">. {words.details}</span>
      </button>
      <span className="admca-hidden" role="status">
        {words.sentences[state]}
      </span>
      <dialog ref={dialog} className="admca-dialog" aria-labelledby={title}>
        <header>
          <h2 id={title}>{words.title}</h2>
          <button type="button" className="admca-close" onClick={close}>
            {words.close}
          </button>
        </header>
        <p>{words.sentences[state]}</p>
        <ConnectionHealthMonitor words={words} />
        <footer>
          {isConnected || state === "reconnecting" || state === "connecting" ? (
            <>
              <button type="button" onClick={reconnect}>
                {words.reconnect}
              </button>
              <button type="button" onClick={disconnect}>
                {words.disconnect}
              </button>
            </>
          ) : (
            <button type="button" onClick={connect}>
              {words.connect}
            </button>
          )}
        </footer>
      </dialog>
    </>
  );
}
