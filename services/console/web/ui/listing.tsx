/** A live list: what of it is shown, its table, and what stands there when there is nothing to show. */

import { useState } from "react";
import type { ReactElement, ReactNode } from "react";
import { words } from "../lib/format";
import { Panel } from "./panel";
import { Empty, Live } from "./states";
import { Table } from "./table";
import type { Column } from "./table";

/** By its name, which of the items a choice leaves; the first choice is the one that a view begins with. */
export type Choices<T> = Readonly<Record<string, (item: T) => boolean>>;

/** `label` names the table; `empty` says what stands there without an item, `order` which item is first. */
export function Listing<T>({ title, label, view, columns, keyOf, empty, choices, order, actions, level }: {
  title: string;
  label: string;
  view: { readonly state: readonly T[] | undefined; readonly error: unknown; readonly reload: () => void };
  columns: readonly Column<T>[];
  keyOf: (item: T) => string;
  empty: { readonly title: string; readonly text: ReactNode };
  choices?: Choices<T>;
  order?: (one: T, other: T) => number;
  actions?: ReactNode;
  level?: 2 | 3;
}): ReactElement {
  const names = Object.keys(choices ?? {});
  const [chosen, setChosen] = useState(names[0] ?? "");
  return (
    <Panel
      title={title}
      {...(level && { level })}
      actions={
        <>
          {names.length > 0 && (
            <select
              aria-label={`Show of ${label.toLowerCase()}`}
              value={chosen}
              onChange={(event) => setChosen(event.target.value)}
              className="short"
            >
              {names.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          )}
          {actions}
        </>
      }
    >
      <Live view={view} what={label.toLowerCase()}>
        {(all) => {
          const left = all.filter(choices?.[chosen] ?? (() => true));
          const items = order ? left.sort(order) : left;
          if (items.length) return <Table label={label} items={items} columns={columns} keyOf={keyOf} />;
          return all.length ? (
            <Empty title="Nothing fits">Choose another part of the list to see the others.</Empty>
          ) : (
            <Empty title={empty.title}>{empty.text}</Empty>
          );
        }}
      </Live>
    </Panel>
  );
}

/** The newest first, by a moment in RFC 3339. */
export const newestBy =
  <T,>(moment: (item: T) => string) =>
  (one: T, other: T): number => (moment(one) < moment(other) ? 1 : -1);

/** A choice for each of these statuses. */
export const byStatus = <T extends { readonly status: string }>(statuses: readonly string[]): Choices<T> =>
  Object.fromEntries(statuses.map((each) => [words(each), ({ status }: T) => status === each]));
