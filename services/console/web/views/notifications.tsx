/** What the user was told, live, with marks of what has been read; and what is said to everybody. */

import { useSnapshot } from "@autodmca/realtime/react";
import { useState } from "react";
import type { ReactElement } from "react";
import { Link } from "wouter";
import { NOTIFICATIONS, placeOf, withNotification } from "../lib/accounts";
import type { Notification } from "../lib/accounts";
import { usePage } from "../lib/context";
import { count, words } from "../lib/format";
import { useReread } from "../lib/reread";
import { Badge } from "../ui/badge";
import { Listing } from "../ui/listing";
import type { Choices } from "../ui/listing";
import { Head, Panel } from "../ui/panel";
import { Fault } from "../ui/states";
import type { Column } from "../ui/table";
import { Time } from "../ui/time";

const CATEGORIES = ["takedown", "delisting", "incident", "template", "scan", "account"] as const;

const SHOWN: Choices<Notification> = {
  All: () => true,
  Unread: ({ read }) => !read,
  Urgent: ({ priority }) => priority === "high" || priority === "critical",
  ...Object.fromEntries(CATEGORIES.map((each) => [words(each), ({ category }: Notification) => category === each])),
};

export default function Notifications(): ReactElement {
  const { api } = usePage();
  const view = useSnapshot("notifications", {
    types: NOTIFICATIONS,
    snapshot: (signal) => api.list<Notification>("accounts", "/v1/notifications", signal),
    apply: withNotification,
  });
  // Shown as read from the click on; the log says it to all of the user's devices.
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const [error, setError] = useState<unknown>();
  const items = view.state?.map((each) => (marked.has(each.notificationId) ? { ...each, read: true } : each));
  const unread = items?.filter(({ read }) => !read) ?? [];
  const mark = (ids: readonly string[], path: string): void => {
    setError(undefined);
    setMarked(new Set([...marked, ...ids]));
    api.send("accounts", "POST", path).catch((problem: unknown) => {
      setMarked((before) => new Set([...before].filter((id) => !ids.includes(id))));
      setError(problem);
    });
  };
  const columns: readonly Column<Notification>[] = [
    { name: "Urgency", width: "5rem", wide: true, cell: ({ priority }) => <Badge status={priority} /> },
    {
      name: "Notification",
      width: "minmax(9rem, 4fr)",
      cell: (each) => <Said {...each} onFollow={() => each.read || mark([each.notificationId], `/v1/notifications/${each.notificationId}/read`)} />,
    },
    { name: "Category", width: "6.5rem", wide: true, cell: ({ category }) => <span className="quiet">{words(category)}</span> },
    {
      name: "When",
      width: "6.5rem",
      end: true,
      cell: ({ notificationId: id, read, title, createdAt }) => (
        <div className="stack tight">
          <Time at={createdAt} />
          {!read && (
            <button type="button" aria-label={`Mark read: ${title}`} onClick={() => mark([id], `/v1/notifications/${id}/read`)}>
              Mark read
            </button>
          )}
        </div>
      ),
    },
  ];
  return (
    <>
      <Head title="Notifications" about={items && (unread.length ? `${count(unread.length)} unread` : "All read")}>
        <Link className="button" href="/preferences">
          Preferences
        </Link>
        <button
          type="button"
          className="primary"
          disabled={unread.length === 0}
          onClick={() => mark(unread.map(({ notificationId }) => notificationId), "/v1/notifications/read")}
        >
          Mark all read
        </button>
      </Head>
      <Fault error={error} onDismiss={() => setError(undefined)} />
      <Announcements />
      <Listing
        title="Newest first"
        label="Notifications"
        view={{ ...view, state: items }}
        columns={columns}
        keyOf={({ notificationId }) => notificationId}
        choices={SHOWN}
        empty={{ title: "No notifications yet", text: "Decisions, incidents and failures are told here as they happen." }}
      />
    </>
  );
}

function Said({ title, message, read, relatedType, relatedId, onFollow }: Notification & { onFollow: () => void }): ReactElement {
  const place = placeOf({ ...(relatedType && { relatedType }), ...(relatedId && { relatedId }) });
  return (
    <div className="break">
      {place ? (
        <Link className="main-link" href={place} onClick={onFollow} data-unread={!read}>
          {title}
        </Link>
      ) : (
        <span data-unread={!read}>{title}</span>
      )}
      <div className="quiet small">{message}</div>
    </div>
  );
}

interface Announcement {
  readonly id: string;
  readonly stage: "scheduled" | "shown" | "ended";
  readonly level: string;
  readonly title: string;
  readonly message: string;
  readonly startsAt: string;
  readonly endsAt?: string;
}

/** Nothing where nothing is said to everybody. */
function Announcements(): ReactElement | null {
  const { api } = usePage();
  const { state } = useReread<readonly Announcement[], "system_notification">("announcements", {
    types: ["system_notification"],
    snapshot: async (signal) => {
      const { body, asOf } = await api.get<{ items: readonly Announcement[] }>("accounts", "/v1/system-notifications", signal);
      return { asOf, state: body.items };
    },
  });
  const shown = state?.filter(({ stage }) => stage === "shown") ?? [];
  if (!shown.length) return null;
  return (
    <Panel title="To everybody">
      <ul className="lines">
        {shown.map(({ id, level, title, message, startsAt, endsAt }) => (
          <li key={id}>
            <Badge status={level} />
            <span className="grow break">
              <strong>{title}</strong> {message}
            </span>
            <span className="when">
              {endsAt ? "until " : ""}
              <Time at={endsAt ?? startsAt} />
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
