/** What services could not apply: why, what it was, and sending it again once the cause is mended. For operators. */

import { useCallback, useEffect, useState } from "react";
import type { ReactElement } from "react";
import { messageOf } from "../lib/api";
import type { ServiceName } from "../lib/api";
import { usePage } from "../lib/context";
import { count, moment, words } from "../lib/format";
import { useTask } from "../lib/hooks";
import { Badge } from "../ui/badge";
import { Confirmed } from "../ui/dialog";
import { Head, Panel } from "../ui/panel";
import { Empty, Fault, Loading } from "../ui/states";
import { Table } from "../ui/table";
import type { Column } from "../ui/table";
import { Time } from "../ui/time";

const SERVICES: readonly ServiceName[] = ["templates", "delisting", "social_media", "ai_detection", "accounts"];

interface Letter {
  readonly service: ServiceName;
  readonly name: string;
  readonly failedAt: string;
  readonly error: string;
  readonly userId: number | null;
  readonly sentAgainAs: string | null;
  readonly input: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly writtenAt: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly value: unknown;
    readonly valueBytes: number;
  };
}

interface Found {
  readonly letters: readonly Letter[];
  /** How many there are, of which the newest are shown. */
  readonly total: number;
  readonly faults: readonly string[];
}

const keyOf = ({ service, name }: Letter): string => `${service} ${name}`;

function useLetters(): { found: Found | undefined; reload: () => void } {
  const { api } = usePage();
  const [found, setFound] = useState<Found | undefined>();
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  useEffect(() => {
    const giveUp = new AbortController();
    const asked = SERVICES.map((service) =>
      api
        .get<{ items: Omit<Letter, "service">[]; total: number }>(service, `/v1/dead-letters/${service}`, giveUp.signal)
        .then(({ body }) => ({ letters: body.items.map((each) => ({ ...each, service })), total: body.total, faults: [] }))
        .catch((error: unknown) => ({ letters: [], total: 0, faults: [`${words(service)}: ${messageOf(error)}`] })),
    );
    void Promise.all(asked).then((several) => {
      if (giveUp.signal.aborted) return;
      const letters = several.flatMap((each) => each.letters).sort((a, b) => Date.parse(b.failedAt) - Date.parse(a.failedAt));
      const total = several.reduce((sum, each) => sum + each.total, 0);
      setFound({ letters, total, faults: several.flatMap((each) => each.faults) });
    });
    return () => giveUp.abort();
  }, [api, round]);
  return { found, reload };
}

export default function DeadLetters(): ReactElement {
  const { session } = usePage();
  const about = "Inputs that a service could not apply. Mend the cause, then send them again.";
  if (!session.is("admin")) {
    return (
      <>
        <Head title="Dead letters" about={about} />
        <Panel title="All services">
          <Empty title="For operators">Dead letters need a token with the role admin.</Empty>
        </Panel>
      </>
    );
  }
  return <Letters about={about} />;
}

function Letters({ about }: { about: string }): ReactElement {
  const { found, reload } = useLetters();
  const [chosen, setChosen] = useState<string | undefined>();
  const letter = found?.letters.find((each) => keyOf(each) === chosen);
  const columns: readonly Column<Letter>[] = [
    { name: "Failed", width: "6rem", cell: ({ failedAt }) => <Time at={failedAt} /> },
    {
      name: "Why",
      width: "minmax(8rem, 3fr)",
      cut: true,
      cell: (each) => (
        <button type="button" className="main-link" onClick={() => setChosen(keyOf(each))}>
          {each.error}
        </button>
      ),
    },
    { name: "Service", width: "minmax(6rem, 1fr)", wide: true, cell: ({ service }) => words(service) },
    { name: "User", width: "6rem", wide: true, end: true, cell: ({ userId }) => userId ?? "nobody" },
    {
      name: "State",
      width: "7rem",
      cell: ({ sentAgainAs }) => (sentAgainAs ? <Badge status="resolved">Sent again</Badge> : <Badge status="failed">Waits</Badge>),
    },
  ];
  return (
    <>
      <Head title="Dead letters" about={about}>
        <button type="button" onClick={reload}>
          Look again
        </button>
      </Head>
      {found?.faults.map((each) => (
        <p key={each} className="notice" role="alert">
          {each}
        </p>
      ))}
      <div className={letter ? "columns" : ""}>
        <Panel
          title="All services"
          actions={
            <span className="quiet small">
              {found && (found.total > found.letters.length ? `the newest ${count(found.letters.length)} of ${count(found.total)}` : count(found.total))}
            </span>
          }
        >
          {found === undefined ? (
            <Loading what="the dead letters" />
          ) : found.letters.length ? (
            <Table label="Dead letters" items={found.letters} columns={columns} keyOf={keyOf} chosen={chosen} />
          ) : (
            found.faults.length < SERVICES.length && <Empty title="There are none">Every input was applied.</Empty>
          )}
        </Panel>
        {letter && <One key={keyOf(letter)} letter={letter} onSent={reload} onClose={() => setChosen(undefined)} />}
      </div>
    </>
  );
}

function One({ letter, onSent, onClose }: { letter: Letter; onSent: () => void; onClose: () => void }): ReactElement {
  const { api } = usePage();
  const { isBusy, fault, run } = useTask();
  const { service, name, input, sentAgainAs, userId } = letter;
  const send = (): void =>
    void run(async () => {
      await api.send(service, "POST", `/v1/dead-letters/${service}/${name}/resend${sentAgainAs ? "?twice=true" : ""}`);
    }).then(onSent);
  return (
    <Panel
      title="One dead letter"
      actions={
        <>
          <Confirmed
            label={sentAgainAs ? "Send once more" : "Send again"}
            title={sentAgainAs ? "Send it once more?" : "Send it again?"}
            text="The input goes to the end of its user's inputs, so the service sees it after everything that came later. It cannot be taken back."
            confirm={sentAgainAs ? "Send once more" : "Send again"}
            isDanger={sentAgainAs !== null}
            disabled={isBusy || userId === null}
            onConfirm={send}
          />
          <button type="button" onClick={onClose}>
            Close
          </button>
        </>
      }
    >
      <div className="body stack">
        <Fault error={fault} />
        <dl className="facts">
          <dt>Why</dt>
          <dd>{letter.error}</dd>
          <dt>Service</dt>
          <dd>{words(service)}</dd>
          <dt>Name</dt>
          <dd className="mono">{name}</dd>
          <dt>User</dt>
          <dd>{userId ?? "nobody: it cannot be sent again"}</dd>
          <dt>Written</dt>
          <dd>{moment(input.writtenAt)}</dd>
          <dt>Stood at</dt>
          <dd className="mono">
            {input.topic}[{input.partition}]@{input.offset}
          </dd>
          {sentAgainAs && (
            <>
              <dt>Sent again as</dt>
              <dd className="mono">{sentAgainAs}</dd>
            </>
          )}
          {Object.entries(input.headers).map(([header, value]) => [
            <dt key={`${header} name`}>{header}</dt>,
            <dd key={header} className="mono">
              {value}
            </dd>,
          ])}
        </dl>
        <pre className="event" tabIndex={0} role="region" aria-label="Input">
          {input.value === null && input.valueBytes > 0
            ? `${count(input.valueBytes)} bytes: autodmca dead-letters show ${service} ${name}`
            : JSON.stringify(input.value, null, 2)}
        </pre>
      </div>
    </Panel>
  );
}
