/** A chart of lines over time, by uPlot, in the page's colours; the newest figures stand below it as text. */

import { useEffect, useRef } from "react";
import type { ReactElement } from "react";
import uPlot from "uplot";
import { clock } from "../lib/format";
import "uplot/dist/uPlot.min.css";

export interface Line {
  readonly name: string;
  /** A custom property: `--accent`. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

const HEIGHT = 160;

function colourOf(element: Element, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** `times` in seconds since the epoch, or numbers in a row (not `isTime`), which `at` says. `format` says a figure. */
export function Chart({ label, times, lines, format, at = (time) => clock(time * 1000), isTime = true }: {
  label: string;
  times: readonly number[];
  at?: (time: number) => string;
  isTime?: boolean;
  lines: readonly Line[];
  format: (value: number) => string;
}): ReactElement {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const drawn = useRef({ times, lines, format, at });
  const shape = lines.map(({ name }) => name).join();
  useEffect(() => {
    drawn.current = { times, lines, format, at };
    plot.current?.setData([times, ...lines.map(({ values }) => values)] as uPlot.AlignedData);
  });
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const make = (): void => {
      plot.current?.destroy();
      const { times, lines, format, at } = drawn.current;
      const grid = { stroke: colourOf(element, "--line"), width: 1 };
      const stroke = colourOf(element, "--quiet");
      const options: uPlot.Options = {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        // one moment alone has no width of its own; uPlot would give it a day
        scales: { x: { time: isTime, range: (plot, first, last) => (plot.data[0].length < 2 ? [first - 30, first + 1] : [first, last]) }, y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.1 : 1] } },
        axes: [
          { stroke, grid, ticks: { show: false }, size: 28, space: 84, values: (_, ticks) => ticks.map(at) },
          { stroke, grid, ticks: { show: false }, size: 60, space: 32, values: (_, ticks) => ticks.map(format) },
        ],
        series: [
          {},
          ...lines.map(({ name, colour }) => ({
            label: name,
            stroke: colourOf(element, colour),
            width: 2,
            points: { show: (plot: uPlot) => plot.data[0].length < 3, size: 6 },
          })),
        ],
      };
      plot.current = new uPlot(options, [times, ...lines.map(({ values }) => values)] as uPlot.AlignedData, element);
    };
    make();
    const sizes = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    sizes.observe(element);
    const themes = new MutationObserver(make);
    themes.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", make);
    return () => {
      sizes.disconnect();
      themes.disconnect();
      scheme.removeEventListener("change", make);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [shape, isTime]);
  return (
    <>
      <div ref={place} className="chart" role="img" aria-label={label} data-points={times.length} />
      <ul className="legend">
        {lines.map(({ name, colour, values }) => {
          const newest = [...values].reverse().find((value) => value !== null);
          return (
            <li key={name}>
              <i style={{ background: `var(${colour})` }} aria-hidden="true" />
              {name}: <strong>{newest === undefined || newest === null ? "–" : format(newest)}</strong>
            </li>
          );
        })}
      </ul>
    </>
  );
}
