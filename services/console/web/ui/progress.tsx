/** How far something is: a bar, and the figure as text. */

import type { ReactElement, ReactNode } from "react";
import { percent } from "../lib/format";

/** `value` in percent. */
export function Progress({ value, children }: { value: number; children?: ReactNode }): ReactElement {
  return (
    <div>
      <div className="bar-track" aria-hidden="true">
        <span style={{ width: `${value}%` }} />
      </div>
      <span className="quiet small">
        {percent(Math.round(value))}
        {children}
      </span>
    </div>
  );
}
