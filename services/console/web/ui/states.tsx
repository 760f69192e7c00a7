/** What a view shows when it has nothing to show yet, nothing at all, or no answer. */

import type { ReactElement, ReactNode } from "react";
import { messageOf } from "../lib/api";

export function Loading({ what }: { what: string }): ReactElement {
  return (
    <div className="state" role="status">
      Loading {what}…
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }): ReactElement {
  return (
    <div className="state">
      <strong>{title}</strong>
      {children && <p>{children}</p>}
    </div>
  );
}

export function Fault({ error, onRetry, onDismiss }: {
  error: unknown;
  onRetry?: (() => void) | undefined;
  onDismiss?: (() => void) | undefined;
}): ReactElement | null {
  if (error === undefined || error === null) return null;
  return (
    <div className="notice" role="alert">
      <span>{messageOf(error)}</span>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
      {onDismiss && (
        <button type="button" onClick={onDismiss}>
          Dismiss
        </button>
      )}
    </div>
  );
}

/** A live state: loading, its error, or what it holds; an error beside an old state is said above it. */
export function Live<S>({ view, what, children }: {
  view: { readonly state: S | undefined; readonly error: unknown; readonly reload: () => void };
  what: string;
  children: (state: S) => ReactNode;
}): ReactElement {
  if (view.state === undefined) {
    return view.error === undefined ? (
      <Loading what={what} />
    ) : (
      <div className="body">
        <Fault error={view.error} onRetry={view.reload} />
      </div>
    );
  }
  return (
    <>
      <Fault error={view.error} onRetry={view.reload} />
      {children(view.state)}
    </>
  );
}
