/** What began on each of the last seven days. */

import type { ReactElement } from "react";
import type { DashboardDay } from "../lib/accounts";
import { day, whole } from "../lib/format";
import { Chart } from "../ui/chart";

export default function Week({ days }: { days: readonly DashboardDay[] }): ReactElement {
  return (
    <Chart
      label="Infringements, takedowns and scans of the last seven days"
      times={days.map((_, index) => index)}
      isTime={false}
      at={(index) => {
        const found = days[index];
        return found ? day(`${found.day}T12:00:00`) : "";
      }}
      lines={[
        { name: "Infringements", colour: "--bad", values: days.map(({ infringements }) => infringements) },
        { name: "Takedowns sent", colour: "--good", values: days.map(({ takedowns }) => takedowns) },
        { name: "Scans", colour: "--accent", values: days.map(({ scans }) => scans) },
      ]}
      format={whole}
    />
  );
}
