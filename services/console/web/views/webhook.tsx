/** One webhook: how it stands, its secret, and the log of what was posted. */

import { useSnapshot } from "@autodmca/realtime/react";
import { useState } from "react";
import type { ReactElement } from "react";
import { Link, useLocation } from "wouter";
import { NOTIFICATIONS } from "../lib/accounts";
import type { Delivery, Webhook as Hook } from "../lib/accounts";
import { usePage } from "../lib/context";
import { count, moment, words } from "../lib/format";
import { useEvery, useTask } from "../lib/hooks";
import { useOptimisticState } from "../lib/optimistic";
import { Badge } from "../ui/badge";
import { Confirmed } from "../ui/dialog";
import { Listing, byStatus } from "../ui/listing";
import { Head, Panel } from "../ui/panel";
import { Fault, Live } from "../ui/states";
import type { Column } from "../ui/table";
import { Time } from "../ui/time";
import { HookState, WebhookForm } from "./webhooks";

/** From one look at the deliveries to the next, in ms: no event tells of them. */
const LOOK_MS = 3_000;

interface Read {
  readonly webhook: Hook;
  readonly deliveries: readonly Delivery[];
}

export default function Webhook({ id }: { id: string }): ReactElement {
  const { api } = usePage();
  const view = useSnapshot(`webhook ${id}`, {
    types: NOTIFICATIONS,
    snapshot: async (signal) => {
      const [{ body: webhook, asOf }, deliveries] = await Promise.all([
        api.get<Hook>("accounts", `/v1/webhooks/${id}`, signal),
        api.list<Delivery>("accounts", `/v1/webhooks/${id}/deliveries`, signal),
      ]);
      return { asOf, state: { webhook, deliveries: deliveries.state } as Read };
    },
    apply: (held) => held,
  });
  useEvery(LOOK_MS, view.reload);
  return (
    <Live view={view} what="the webhook">
      {(read) => <Shown {...read} reload={view.reload} />}
    </Live>
  );
}

function Shown({ webhook, deliveries, reload }: Read & { reload: () => void }): ReactElement {
  const { api } = usePage();
  const [, go] = useLocation();
  const [isEdited, setEdited] = useState(false);
  const { shown, isBusy, error, act, dismiss } = useOptimisticState(webhook, JSON.stringify(webhook));
  const path = `/v1/webhooks/${webhook.id}`;
  const post = (name: string, patch: Partial<Hook> = {}): void =>
    void act(patch, () => api.send<Hook>("accounts", "POST", `${path}/${name}`)).then(reload);
  const forget = (): void =>
    void act({}, () => api.send<undefined>("accounts", "DELETE", path)).then((isDone) => isDone && go("/preferences/webhooks"));
  return (
    <>
      <Head title={shown.description || new URL(shown.url).host} about={<Link href="/preferences/webhooks">All webhooks</Link>}>
        <HookState {...shown} />
        <button type="button" disabled={isBusy || !shown.on} onClick={() => post("test")}>
          Try it
        </button>
        <button type="button" disabled={isBusy} onClick={() => post(shown.on ? "off" : "on", { on: !shown.on })}>
          {shown.on ? "Switch off" : "Switch on"}
        </button>
        <button type="button" disabled={isBusy} onClick={() => setEdited(true)}>
          Edit
        </button>
        <Confirmed
          label="Forget webhook"
          title="Forget this webhook?"
          text="Nothing is posted to it any more, and the log of its deliveries is gone. This cannot be undone."
          confirm="Forget it for good"
          disabled={isBusy}
          onConfirm={forget}
        />
      </Head>
      <Fault error={error} onDismiss={dismiss} />
      <div className="columns">
        <Deliveries path={path} deliveries={deliveries} reload={reload} />
        <div className="stack">
          <Panel title="State">
            <dl className="facts body">
              <dt>Posted to</dt>
              <dd className="mono">{shown.url}</dd>
              <dt>Events</dt>
              <dd>{shown.types.map(words).join(", ")}</dd>
              {shown.categories.length > 0 && (
                <>
                  <dt>Notifications</dt>
                  <dd>{shown.categories.map(words).join(", ")}</dd>
                </>
              )}
              {!shown.on && (
                <>
                  <dt>Off</dt>
                  <dd>{shown.off ?? "switched off"}</dd>
                </>
              )}
              {shown.failingSince && (
                <>
                  <dt>Failing since</dt>
                  <dd>{moment(shown.failingSince)}</dd>
                </>
              )}
              <dt>Given up</dt>
              <dd>{count(shown.droppedDeliveries)} because too many waited</dd>
            </dl>
          </Panel>
          <Secret path={path} />
        </div>
      </div>
      {isEdited && (
        <WebhookForm
          webhook={webhook}
          onClose={() => setEdited(false)}
          onSaved={() => {
            setEdited(false);
            reload();
          }}
        />
      )}
    </>
  );
}

function Deliveries({ path, deliveries, reload }: {
  path: string;
  deliveries: readonly Delivery[];
  reload: () => void;
}): ReactElement {
  const { api } = usePage();
  const { isBusy, fault, run } = useTask();
  const resend = (number: number): void =>
    void run(async () => {
      await api.send("accounts", "POST", `${path}/deliveries/${number}/resend`);
      reload();
    });
  const columns: readonly Column<Row>[] = [
    {
      name: "Delivery",
      width: "minmax(7rem, 2fr)",
      cell: ({ type, id }) => (
        <div className="break">
          <strong>{words(type.replace(".", " "))}</strong>
          <div className="quiet mono small">{id}</div>
        </div>
      ),
    },
    {
      name: "Came to",
      width: "minmax(6rem, 1.4fr)",
      cell: ({ number, status: stage, answer, reason, attempts }) => (
        <div className="stack tight start">
          <Badge status={stage} tone={stage === "delivered" ? "good" : stage === "failed" ? "bad" : "busy"} />
          <div className="quiet small">
            {[answer && `HTTP ${answer}`, reason, attempts > 1 && `${attempts} tries`].filter(Boolean).join(", ")}
          </div>
          {stage === "failed" && (
            <button type="button" disabled={isBusy} aria-label={`Send again: delivery ${number}`} onClick={() => resend(number)}>
              Send again
            </button>
          )}
        </div>
      ),
    },
    { name: "Next try", width: "5rem", wide: true, end: true, cell: ({ nextAt }) => <Time at={nextAt} /> },
    { name: "Begun", width: "5rem", end: true, cell: ({ begunAt }) => <Time at={begunAt} /> },
  ];
  const rows: readonly Row[] = deliveries.map(({ stage, status, ...rest }) => ({ ...rest, status: stage, answer: status }));
  return (
    <div className="stack">
      <Fault error={fault} />
      <Listing
        title="What was posted, newest first"
        label="Deliveries"
        view={{ state: rows, error: undefined, reload }}
        columns={columns}
        keyOf={({ number }) => String(number)}
        choices={{ "All deliveries": () => true, ...byStatus<Row>(["waiting", "delivered", "failed"]) }}
        empty={{ title: "Nothing was posted yet", text: "Press “Try it” to have something posted now." }}
      />
    </div>
  );
}

type Row = Omit<Delivery, "stage" | "status"> & { readonly status: Delivery["stage"]; readonly answer: number | undefined };

/** Shown when it is asked for, and only here. */
function Secret({ path }: { path: string }): ReactElement {
  const { api } = usePage();
  const { isBusy, fault, run } = useTask();
  const [held, setHeld] = useState<{ readonly secret: string; readonly bothUntil?: string }>();
  const show = async (): Promise<void> => setHeld((await api.get<{ secret: string; bothUntil?: string }>("accounts", `${path}/secret`)).body);
  const rotate = async (): Promise<void> => {
    await api.send("accounts", "POST", `${path}/secret/rotate`);
    await show();
  };
  return (
    <Panel
      title="Secret"
      actions={
        <>
          <button type="button" disabled={isBusy} onClick={() => (held ? setHeld(undefined) : void run(show))}>
            {held ? "Hide secret" : "Show secret"}
          </button>
          <Confirmed
            label="New secret"
            title="Sign with a new secret?"
            text="For a day the old secret signs beside the new one, then no more. This cannot be undone."
            confirm="Make a new secret"
            disabled={isBusy}
            onConfirm={() => void run(rotate)}
          />
        </>
      }
    >
      <div className="body">
        <Fault error={fault} />
        {held ? (
          <p className="mono break">{held.secret}</p>
        ) : (
          <p className="quiet small">Your program verifies by it that a post is ours.</p>
        )}
        {held?.bothUntil && <p className="small">The secret before it signs as well until {moment(held.bothUntil)}.</p>}
      </div>
    </Panel>
  );
}
