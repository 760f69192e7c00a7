/** The system's course over the last minutes, from Prometheus where there is one and it answers. */

import type { ReactElement } from "react";
import { usePage } from "../lib/context";
import { STAGES, courseOf } from "../lib/system-course";
import type { Course } from "../lib/system-course";
import { count, duration, figure } from "../lib/format";
import type { Look } from "../lib/looks";
import { usePolled } from "../lib/polled";
import { Chart } from "../ui/chart";
import type { Line } from "../ui/chart";
import { Panel } from "../ui/panel";
import { Fault } from "../ui/states";

const COLOURS = ["--accent", "--good", "--warn"] as const;
const EVERY_MS = 15_000;

export function Charts({ looks }: { looks: readonly Look[] }): ReactElement {
  const { config } = usePage();
  const { value, error } = usePolled<Course>(config.course ? "course" : undefined, EVERY_MS);
  const { times, lines } = value && error === undefined ? value : courseOf(looks);
  const line = (name: string, colour: string, figures: string): Line => ({
    name,
    colour,
    values: lines[figures] ?? times.map(() => null),
  });
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
              line("read a second", "--accent", "events"),
              line("delivered a second", "--good", "deliveries"),
            ]}
          />
        </Panel>
        <Panel title="From the log to the socket">
          <Chart
            label="Latency of deliveries, median and 99th percentile"
            times={times}
            format={duration}
            lines={[
              line("half within", "--good", "p50"),
              line("99 % within", "--warn", "p99"),
            ]}
          />
        </Panel>
        <Panel title="By stage">
          <Chart
            label="Latency by stage, 99th percentile"
            times={times}
            format={duration}
            lines={STAGES.map((stage, index) =>
              line(`${stage}, 99 % within`, COLOURS[index] ?? "--accent", `stage ${stage}`),
            )}
          />
        </Panel>
        <Panel title="Connections">
          <Chart
            label="Open connections, and records that edges have not read yet"
            times={times}
            format={count}
            lines={[
              line("open", "--accent", "connections"),
              line("records behind", "--warn", "behind"),
            ]}
          />
        </Panel>
      </div>
    </>
  );
}
