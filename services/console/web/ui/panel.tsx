/** A titled box, and the head of a view. */

import { useId } from "react";
import type { ReactElement, ReactNode } from "react";
import { useTitle } from "../lib/hooks";

export function Panel({ title, actions, children, level = 2 }: {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
  level?: 2 | 3;
}): ReactElement {
  const id = useId();
  const Heading = `h${level}` as const;
  return (
    <section className="panel" aria-labelledby={id}>
      <header>
        <Heading id={id}>{title}</Heading>
        {actions}
      </header>
      {children}
    </section>
  );
}

export function Head({ title, about, children }: { title: string; about?: ReactNode; children?: ReactNode }): ReactElement {
  useTitle(title);
  return (
    <header className="head">
      <div>
        <h1>{title}</h1>
        {about && <p>{about}</p>}
      </div>
      {children}
    </header>
  );
}
