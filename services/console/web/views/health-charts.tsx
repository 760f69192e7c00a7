/** The system's course over the last minutes, from Prometheus where there is one and it answers. */

import type { ReactElement } from "react";
import { usePage } from "../lib/context";
import { STAGES, courseOf } from "../lib/system-course";
import type { Course } from "../lib/system-course";
import { count, duration, figure } from "../lib/format";
import type { Look } from "../lib/looks";
import { usePolled } from "../lib/polled";
import { Chart } from "../ui/chart";
import { Panel } from "../ui/panel";
import { Fault } from "../ui/states";

const COLOURS = ["--accent", "--good", "--warn"] as const;
const EVERY_MS = 15_000;

export function Charts({ looks }: { looks: readonly Look[] }): ReactElement {
  const { config } = usePage();
  const { value, error } = usePolled<Course>(config.course ? "course" : undefined, EVERY_MS);
  const { times, lines } = value && error === undefined ? value : courseOf(looks);
  const of = (name: string): readonly (number | null)[] => lines[name] ?? times.map(() => null);
  return (
    <>
      <Fault error={error} />
      <p className="quiet small" role="note">
        {value && error === undefined
          ? "The last quarter of an hour, as Prometheus has it."
          : "Since this page was opened, as the nodes say it themselves."}
      </p>
      <div className="charts">
        <Panel title="Events">
          <Chart
            label="Events read and deliveries a second"
            times={times}
            format={figure}
            lines={[
              { name: "read a second", colour: "--accent", values: of("events") },
              { name: "delivered a second", colour: "--good", values: of("deliveries") },
            ]}
          />
        </Panel>
        <Panel title="From the log to the socket">
          <Chart
            label="Latency of deliveries, median and 99th percentile"
            times={times}
            format={duration}
            lines={[
              { name: "half within", colour: "--good", values: of("p50") },
              { name: "99 % within", colour: "--warn", values: of("p99") },
            ]}
          />
        </Panel>
        <Panel title="By stage">
          <Chart
            label="Latency by stage, 99th percentile"
            times={times}
            format={duration}
            lines={STAGES.map((stage, index) => ({
              name: `${stage}, 99 % within`,
              colour: COLOURS[index] ?? "--accent",
              values: of(`stage ${stage}`),
            }))}
          />
        </Panel>
        <Panel title="Connections">
          <Chart
            label="Open connections, and records that edges have not read yet"
            times={times}
            format={count}
            lines={[
              { name: "open", colour: "--accent", values: of("connections") },
              { name: "records behind", colour: "--warn", values: of("behind") },
            ]}
          />
        </Panel>
      </div>
    </>
  );
}
