/** The navigation's icons, in the colour of their text. They say nothing that the text beside them does not. */

import type { ReactElement } from "react";

const PATHS = {
  home: "M3 9.5 10 4l7 5.5V16a1 1 0 0 1-1 1h-4v-4H8v4H4a1 1 0 0 1-1-1z",
  person: "M10 10a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM4 17c.6-3 3-4.5 6-4.5s5.4 1.5 6 4.5",
  people: "M7.5 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM2.5 16c.5-2.5 2.3-4 5-4s4.5 1.5 5 4M13 5a2.5 2.5 0 0 1 0 4.5M14.5 12.3c1.6.5 2.700 1.700 3 3.700",
  picture: "M3 4.5h14v11H3zM3 13l4-4 4 4 2-2 4 3.5M13.5 7.5h.01",
  send: "M17 3 9 11M17 3l-5 14-3-6-6-3z",
  search: "M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM13 13l4 4",
  text: "M5 3h7l3 3v11H5zM8 9h4M8 12h4",
  bell: "M5 14V9a5 5 0 0 1 10 0v5l1 1H4zM8.5 17.5h3",
  pulse: "M2 10h4l2-5 4 10 2-5h4",
  gauge: "M3.5 15a7.5 7.5 0 1 1 13 0M10 11l3-4",
  inbox: "M3 11.5 5.5 4h9L17 11.5V16H3zM3 11.5h4l1 2h4l1-2h4",
  sliders: "M3 6h7M14 6h3M3 14h3M10 14h7M12 4v4M8 12v4",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }): ReactElement {
  return (
    <svg
      width="18"
      height="18"
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
