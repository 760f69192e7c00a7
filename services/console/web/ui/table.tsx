/**
 * A table of any length: only the rows in sight are drawn, and each is as high as what it holds.
 *
 * A row's first cell has its link or button, so that the keyboard reaches it. Columns that are `wide` are left out
 * where there is no room.
 */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import type { ReactElement, ReactNode, RefObject } from "react";

export interface Column<T> {
  readonly name: string;
  /** As CSS has it: `2fr`, `7rem`. */
  readonly width: string;
  readonly cell: (item: T) => ReactNode;
  readonly wide?: boolean;
  readonly end?: boolean;
  readonly cut?: boolean;
}

/** Pixels of the table itself, below which columns that are `wide` are left out. */
const NARROW_PX = 720;
const ROW_PX = 45;

function useNarrow(of: RefObject<HTMLElement | null>): boolean {
  const [isNarrow, setNarrow] = useState(() => innerWidth < NARROW_PX);
  useEffect(() => {
    const sizes = new ResizeObserver(([entry]) => {
      if (entry) setNarrow(entry.contentRect.width < NARROW_PX);
    });
    if (of.current) sizes.observe(of.current);
    return () => sizes.disconnect();
  }, [of]);
  return isNarrow;
}

export function Table<T>({ label, items, columns, keyOf, chosen, rowPx }: {
  label: string;
  items: readonly T[];
  columns: readonly Column<T>[];
  keyOf: (item: T) => string;
  chosen?: string | undefined;
  /** Where every row is as high: nothing is measured, for tables that change many times a second. */
  rowPx?: number;
}): ReactElement {
  const scroll = useRef<HTMLDivElement>(null);
  const isNarrow = useNarrow(scroll);
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing here is compiled
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowPx ?? ROW_PX,
    getItemKey: (index) => keyOf(items[index] as T),
    overscan: 8,
  });
  const shown = columns.filter(({ wide }) => !wide || !isNarrow);
  const widths = shown.map(({ width }) => width).join(" ");
  const layout = { gridTemplateColumns: isNarrow ? widths.replace(/minmax\([^,]+,/g, "minmax(0,") : widths };
  const classOf = ({ end, cut }: Column<T>): string => `${end ? "end" : ""} ${cut ? "cut" : ""}`.trim();
  return (
    <div ref={scroll} className="table" role="table" aria-label={label} aria-rowcount={items.length + 1} tabIndex={0}>
      <div role="rowgroup" className="cells heads" style={layout}>
        <div role="row" style={{ display: "contents" }}>
          {shown.map((column) => (
            <div key={column.name} role="columnheader" className={classOf(column)}>
              {column.name}
            </div>
          ))}
        </div>
      </div>
      <div role="rowgroup" className="virtual" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, key, start }) => {
          const item = items[index] as T;
          return (
            <div
              key={key}
              ref={rowPx === undefined ? virtual.measureElement : undefined}
              data-index={index}
              data-chosen={chosen !== undefined && key === chosen}
              role="row"
              aria-rowindex={index + 2}
              className="cells"
              style={{ ...layout, transform: `translateY(${start}px)` }}
            >
              {shown.map((column) => (
                <div key={column.name} role="cell" className={classOf(column)}>
                  {column.cell(item)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}
