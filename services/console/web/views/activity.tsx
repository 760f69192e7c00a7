/** Every event as it comes: chosen by type and by what it holds, paused, searched, looked into. */

import { BadFilter } from "@autodmca/realtime";
import type { EventType, Filters } from "@autodmca/realtime";
import { useConnectionStatus, useWebSocket } from "@autodmca/realtime/react";
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import type { ReactElement } from "react";
import { edgeUrl } from "../lib/config";
import { usePage } from "../lib/context";
import { clock, count, figure, words } from "../lib/format";
import { EventLog } from "../lib/log";
import type { Heard } from "../lib/log";
import { TYPES, familyOf, filtersOf, listenCommand, subjectOf } from "../lib/schema";
import type { Condition } from "../lib/schema";
import { sentence } from "../lib/sentences";
import { Badge } from "../ui/badge";
import { Chart } from "../ui/chart";
import { Head, Panel } from "../ui/panel";
import { Empty, Fault } from "../ui/states";
import { Table } from "../ui/table";
import type { Column } from "../ui/table";
import { ActivityFilters } from "./activity-filters";
import { Inspector } from "./activity-inspector";

const SINCE = { now: 0, "5 minutes": 300, "1 hour": 3_600, "1 day": 86_400 } as const;
type Since = keyof typeof SINCE;

/** Milliseconds from one drawing of the list to the next: faster than anybody reads, and the page stays smooth. */
const DRAW_MS = 100;

/** The log, and a number that grows with each drawing of what was added. */
function useEventLog(types: readonly EventType[], filters: Filters, since: Since): { log: EventLog; version: number; error: unknown } {
  const { subscribe, unsubscribe } = useWebSocket();
  const [log] = useState(() => new EventLog());
  const [version, setVersion] = useState(0);
  const [fault, setFault] = useState<{ readonly of: string; readonly error: unknown }>();
  const key = JSON.stringify([types, filters, since]);
  useEffect(() => {
    const [types, filters, since] = JSON.parse(key) as [EventType[], Filters, Since];
    let timer: ReturnType<typeof setTimeout> | undefined;
    let drawn = 0;
    const draw = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        drawn = performance.now();
        setVersion((before) => before + 1);
      }, drawn + DRAW_MS - performance.now());
    };
    const failed = (error: unknown): void => setFault({ of: key, error });
    log.clear();
    draw();
    if (types.length === 0) return undefined;
    const back = SINCE[since];
    try {
      subscribe(
        "activity",
        { types, filters, onError: failed, ...(back > 0 && { since: new Date(Date.now() - back * 1000).toISOString() }) },
        (event) => {
          log.add(event, Date.now());
          draw();
        },
      );
    } catch (fault) {
      if (!(fault instanceof BadFilter)) throw fault;
      queueMicrotask(() => failed(fault));
    }
    return () => {
      clearTimeout(timer);
      unsubscribe("activity");
    };
  }, [key, log, subscribe, unsubscribe]);
  return { log, version, error: fault?.of === key ? fault.error : undefined };
}

export default function Activity(): ReactElement {
  const { config, session } = usePage();
  const [types, setTypes] = useState<readonly EventType[]>(TYPES);
  const [conditions, setConditions] = useState<readonly Condition[]>([]);
  const [isForAll, setForAll] = useState(false);
  const [since, setSince] = useState<Since>("5 minutes");
  const [search, setSearch] = useState("");
  const [paused, setPaused] = useState<readonly Heard[] | undefined>();
  const [chosen, setChosen] = useState<Heard | undefined>();
  const [copied, setCopied] = useState(false);
  const filters = useMemo(() => filtersOf(conditions, types, isForAll ? "*" : undefined), [conditions, types, isForAll]);
  const { log, version, error } = useEventLog(types, filters, since);
  const wanted = useDeferredValue(search);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- `version` stands for what `log` holds
  const live = useMemo(() => log.newest(wanted), [log, version, wanted]);
  const shown = paused ?? live;
  const command = listenCommand(types, filters, edgeUrl(config));
  const copy = (): void =>
    void navigator.clipboard.writeText(command).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 2_000);
    });
  const columns = useMemo<readonly Column<Heard>[]>(
    () => [
      { name: "At", width: "4.5rem", cell: ({ event }) => <span className="mono">{clock(event.timestamp)}</span> },
      {
        name: "Type",
        width: "minmax(8rem, 1.3fr)",
        cut: true,
        cell: (each) => (
          <button type="button" className="main-link" onClick={() => setChosen(each)}>
            {words(each.event.type)}
          </button>
        ),
      },
      { name: "Family", width: "7.5rem", wide: true, cell: ({ event }) => <Badge status={familyOf(event.type)} tone="quiet" /> },
      { name: "What", width: "minmax(8rem, 2fr)", cut: true, cell: ({ event }) => sentence(event) },
      { name: "About", width: "minmax(6rem, 1fr)", wide: true, cut: true, cell: ({ event }) => <span className="mono quiet">{subjectOf(event.payload)}</span> },
      { name: "User", width: "5rem", wide: true, end: true, cell: ({ event }) => event.userId ?? "all" },
    ],
    [],
  );
  return (
    <>
      <Head title="Activity" about="Every event that you may see, as it comes.">
        <button type="button" aria-pressed={paused !== undefined} onClick={() => setPaused(paused ? undefined : live)}>
          {paused ? `Paused, ${count(Math.max(0, log.heard - paused.length))} more` : "Pause"}
        </button>
        <button type="button" onClick={copy} title={command}>
          {copied ? "Copied" : "Copy as autodmca listen"}
        </button>
      </Head>
      <Fault error={error} />
      <div className="columns">
        <Panel
          title="What to hear"
          actions={
            <label className="check small">
              From
              <select value={since} onChange={(event) => setSince(event.target.value as Since)} className="short">
                {(Object.keys(SINCE) as Since[]).map((each) => (
                  <option key={each} value={each}>
                    {each === "now" ? "now on" : `${each} ago`}
                  </option>
                ))}
              </select>
            </label>
          }
        >
          <ActivityFilters
            types={types}
            conditions={conditions}
            onTypes={setTypes}
            onConditions={setConditions}
            forAll={session.is("admin") ? { isOn: isForAll, set: setForAll } : undefined}
          />
        </Panel>
        <Rates log={log} />
      </div>
      <div className={chosen ? "columns" : ""}>
        <Panel
          title="Events"
          actions={
            <>
              <span className="quiet small">{count(shown.length)}</span>
              <input
                type="search"
                aria-label="Search in events"
                placeholder="Search"
                className="short"
                value={search}
                onChange={(event) => setSearch(event.target.value)}
              />
            </>
          }
        >
          {shown.length ? (
            <Table label="Events" items={shown} columns={columns} keyOf={({ event }) => event.id} chosen={chosen?.event.id} rowPx={45} />
          ) : (
            <Empty title={search ? "No event has these words" : "Nothing has happened yet"}>
              {search ? "Search for others." : "Each event appears here in the moment in which it happens."}
            </Empty>
          )}
        </Panel>
        {chosen && <Inspector heard={chosen} onClose={() => setChosen(undefined)} />}
      </div>
    </>
  );
}

/** Events a second over the last minute; looked at once a second. */
function Rates({ log }: { log: EventLog }): ReactElement {
  const [now, setNow] = useState(Date.now);
  const timer = useRef<ReturnType<typeof setInterval> | undefined>(undefined);
  const { health } = useConnectionStatus();
  useEffect(() => {
    timer.current = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer.current);
  }, []);
  const { times, counts } = log.rates(now);
  return (
    <Panel title="Events a second" actions={<span className="quiet small">{health.latency === null ? "" : `edge answers in ${figure(health.latency)} ms`}</span>}>
      <Chart label="Events a second, over the last minute" times={times} lines={[{ name: "produced and heard here", colour: "--accent", values: counts }]} format={count} />
    </Panel>
  );
}
