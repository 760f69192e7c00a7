/** The frame around every view: navigation, the connection's state, the theme, who has signed in. */

import { ConnectionNotice, WebSocketStatus } from "@autodmca/realtime/components";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import type { ReactElement, ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { usePage } from "../lib/context";
import { useOnline } from "../lib/hooks";
import { Icon } from "./icons";
import type { IconName } from "./icons";
import { ThemeChoice } from "./theme";

interface Place {
  readonly to: string;
  readonly name: string;
  readonly icon: IconName;
}

const GROUPS: readonly { readonly title: string; readonly places: readonly Place[] }[] = [
  {
    title: "Protection",
    places: [
      { to: "/", name: "Overview", icon: "home" },
      { to: "/profiles", name: "Profiles", icon: "person" },
      { to: "/detections", name: "Detections", icon: "picture" },
      { to: "/social", name: "Social media", icon: "people" },
    ],
  },
  {
    title: "Enforcement",
    places: [
      { to: "/submissions", name: "Submissions", icon: "send" },
      { to: "/delisting", name: "Delisting", icon: "search" },
      { to: "/templates", name: "Templates", icon: "text" },
      { to: "/notifications", name: "Notifications", icon: "bell" },
      { to: "/preferences", name: "Preferences", icon: "sliders" },
    ],
  },
  {
    title: "Operation",
    places: [
      { to: "/activity", name: "Activity", icon: "pulse" },
      { to: "/health", name: "Health", icon: "gauge" },
      { to: "/dead-letters", name: "Dead letters", icon: "inbox" },
    ],
  },
];

export function Frame({ children }: { children: ReactNode }): ReactElement {
  const { config, session, signOut } = usePage();
  const hasEnded = useSyncExternalStore((changed) => session.onEnded(changed), () => session.hasEnded);
  const signInAgain = async (): Promise<void> => {
    if (config.oidc) await (await import("../lib/oidc")).leave(config.oidc, "asking");
    else signOut();
  };
  const [location] = useLocation();
  const [openAt, setOpenAt] = useState<string | undefined>();
  const isOpen = openAt === location; // to go somewhere closes it, in the same drawing
  const main = useRef<HTMLElement>(null);
  const isOnline = useOnline();
  const before = useRef(location);
  useEffect(() => {
    if (before.current === location) return;
    before.current = location;
    main.current?.focus(); // a new view is read from its beginning
    scrollTo(0, 0);
  }, [location]);
  const isHere = (to: string): boolean => (to === "/" ? location === "/" : location.startsWith(to));
  const who = (
    <div className="who">
      <ThemeChoice />
      <span className="small">{session.name}</span>
      <button type="button" className="plain" onClick={signOut}>
        Sign out
      </button>
    </div>
  );
  return (
    <div className="frame">
      <a className="skip" href="#main">
        Go to the view
      </a>
      <header className="bar">
        <button
          type="button"
          className="nav-toggle"
          aria-expanded={isOpen}
          aria-controls="nav"
          onClick={() => setOpenAt(isOpen ? undefined : location)}
        >
          <Icon name="menu" /> Menu
        </button>
        <Link href="/" className="brand" aria-label="AutoDMCA, overview">
          <img src="/console/icon.svg" alt="" width="26" height="26" />
          <span className="brand-name">AutoDMCA</span>
        </Link>
        <WebSocketStatus showDetails />
        {who}
      </header>
      <nav id="nav" className="nav" aria-label="Views" data-open={isOpen}>
        {GROUPS.map(({ title, places }) => (
          <div key={title} className="nav-group" role="group" aria-label={title}>
            <p className="nav-title" aria-hidden="true">
              {title}
            </p>
            <ul>
              {places.map(({ to, name, icon }) => (
                <li key={to}>
                  <Link href={to} aria-current={isHere(to) ? "page" : undefined}>
                    <Icon name={icon} />
                    {name}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        ))}
        {who}
      </nav>
      <main id="main" ref={main} tabIndex={-1} className="stack">
        {!isOnline && (
          <p className="notice" data-tone="warn" role="status">
            This device has no network. What you see is from before; it is brought up to date when the network is back.
          </p>
        )}
        {hasEnded ? (
          <p className="notice" role="alert">
            <span>Your sign-in has ended, and nothing new is shown. Sign in again to go on.</span>
            <button type="button" onClick={() => void signInAgain()}>
              Sign in again
            </button>
          </p>
        ) : (
          <ConnectionNotice />
        )}
        {children}
      </main>
    </div>
  );
}
