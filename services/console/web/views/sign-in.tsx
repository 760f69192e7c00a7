/** Signing in: at the issuer, as one of the people of a development machine, or with a token from elsewhere. */

import { useId, useState } from "react";
import type { ReactElement } from "react";
import type { Config } from "../lib/config";
import { useTask, useTitle } from "../lib/hooks";
import { Session, signInAs } from "../lib/session";

export function SignIn({ config, fault: before, onSignedIn }: {
  config: Config;
  /** Why the way back from the issuer led nowhere. */
  fault: string | undefined;
  onSignedIn: (session: Session) => void;
}): ReactElement {
  const { isBusy, fault: own, run } = useTask();
  const fault = own ?? before;
  const { oidc } = config;
  const [token, setToken] = useState("");
  const id = useId();
  useTitle("Sign in");
  return (
    <main className="sign-in stack">
      <h1>Sign in to AutoDMCA</h1>
      {fault && (
        <p className="notice" role="alert">
          {fault}
        </p>
      )}
      {oidc && (
        <section className="panel" aria-label="Your account">
          <div className="body stack">
            <p className="small quiet">
              You sign in at <strong>{new URL(oidc.issuer).host}</strong> and come back here.
            </p>
            <p>
              <button
                type="button"
                className="primary"
                disabled={isBusy}
                onClick={() => void run(async () => (await import("../lib/oidc")).leave(oidc, "asking"))}
              >
                Sign in with your account
              </button>
            </p>
          </div>
        </section>
      )}
      {config.people.length > 0 && (
        <section className="panel" aria-label="People of this machine">
          <div className="body stack">
            <p className="small quiet">This machine runs for development: be anybody of these.</p>
            <ul className="people">
              {config.people.map((person) => (
                <li key={person.userId}>
                  <button
                    type="button"
                    disabled={isBusy}
                    onClick={() => void run(async () => onSignedIn(await signInAs(person)))}
                  >
                    <span>{person.name}</span>
                    <span className="quiet">{person.roles[0] ?? "creator"}</span>
                  </button>
                </li>
              ))}
            </ul>
          </div>
        </section>
      )}
      <form
        className="panel"
        onSubmit={(event) => {
          event.preventDefault();
          void run(async () => {
            const session = new Session(token.trim());
            void session.userId; // throws for what is no token
            onSignedIn(session);
          });
        }}
      >
        <div className="body">
          <label htmlFor={id}>A token</label>
          <input
            id={id}
            type="password"
            autoComplete="off"
            spellCheck={false}
            value={token}
            onChange={(event) => setToken(event.target.value)}
            aria-describedby={`${id}-hint`}
          />
          <p id={`${id}-hint`} className="hint">
            For example of <code>autodmca token --user 12345</code>. It stays in the memory of this page.
          </p>
          <p>
            <button type="submit" className={oidc ? "" : "primary"} disabled={!token.trim() || isBusy}>
              Sign in
            </button>
          </p>
        </div>
      </form>
    </main>
  );
}
