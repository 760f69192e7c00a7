/** A line of values, small; its label says them to those who do not see it. */

import type { ReactElement } from "react";

const WIDTH = 120;
const HEIGHT = 24;

export function Sparkline({ values, label }: { values: readonly number[]; label: string }): ReactElement {
  const most = Math.max(1, ...values);
  const step = values.length > 1 ? WIDTH / (values.length - 1) : 0;
  const points = values.map((value, index) => `${index * step},${HEIGHT - (value / most) * (HEIGHT - 2) - 1}`);
  return (
    <svg className="admca-sparkline" role="img" aria-label={label} viewBox={`0 0 ${WIDTH} ${HEIGHT}`}>
      <polyline fill="none" points={points.join(" ")} />
    </svg>
  );
}
