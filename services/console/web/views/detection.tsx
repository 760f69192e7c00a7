/** One detection: the content beside the reference, why we think so, and what the person says of it. */

import { useEffect, useState } from "react";
import type { ReactElement } from "react";
import { Link } from "wouter";
import { usePage } from "../lib/context";
import { DETECTIONS, boxOf, inWords, pointsOf } from "../lib/detections";
import type { Detection as Whole, Reference } from "../lib/detections";
import { count, duration, figure, percent, words } from "../lib/format";
import { useOptimisticState } from "../lib/optimistic";
import { useReread } from "../lib/reread";
import { Badge } from "../ui/badge";
import { Compared } from "../ui/compared";
import { Head, Panel } from "../ui/panel";
import { Empty, Fault, Live } from "../ui/states";
import { Time } from "../ui/time";

export default function Detection({ id }: { id: string }): ReactElement {
  const { api } = usePage();
  const view = useReread<Whole, "ai_detection_result">(`detection ${id}`, {
    types: DETECTIONS,
    filters: { detectionId: id },
    snapshot: async (signal) => {
      const { body, asOf } = await api.get<Whole>("ai_detection", `/v1/detections/${id}`, signal);
      return { asOf, state: body };
    },
    isNews: (_, held) => held.status === "queued",
  });
  return (
    <Live view={view} what="the detection">
      {(detection) => <Shown detection={detection} reload={view.reload} />}
    </Live>
  );
}

/** The profile's references: to draw the matched one, and to name one that was missed. */
function useReferences(profileId: number): readonly Reference[] | undefined {
  const { api } = usePage();
  const [found, setFound] = useState<readonly Reference[] | undefined>();
  useEffect(() => {
    const given = new AbortController();
    api.list<Reference>("ai_detection", `/v1/profiles/${profileId}/references`, given.signal).then(
      ({ state }) => setFound(state),
      () => given.signal.aborted || setFound([]), // the detection is shown without
    );
    return () => given.abort();
  }, [api, profileId]);
  return found;
}

function Shown({ detection, reload }: { detection: Whole; reload: () => void }): ReactElement {
  const { shown, isBusy, error, act, dismiss } = useOptimisticState(detection, JSON.stringify(detection));
  const references = useReferences(detection.profileId);
  const matched = references?.find(({ id }) => id === shown.matchedReferenceId);
  const { transform } = shown;
  const outline = transform?.outline;
  return (
    <>
      <Head title={shown.contentUrl.startsWith("urn:") ? "An uploaded file" : "Content at a URL"} about={<Link href="/detections/found">All detections</Link>}>
        <Badge status={shown.status === "queued" ? "queued" : (shown.verdict ?? "unusable")} />
      </Head>
      <Fault error={error} onDismiss={dismiss} />
      {shown.status === "queued" ? (
        <Panel title="Verdict">
          <Empty title="It waits to be looked at">The verdict appears here by itself.</Empty>
        </Panel>
      ) : (
        <>
          {shown.contentType === "image" && (
            <Panel title="Side by side">
              <div className="body sides">
                <Compared title="Content" digest={shown.contentDigest} around={outline && ((width, height) => pointsOf(outline, width, height))}>
                  {transform ? "around: where the reference lies" : ""}
                </Compared>
                {shown.matchedReferenceId ? (
                  <Compared title="Reference" digest={matched?.digest} around={transform && ((width, height) => boxOf(transform, width, height))}>
                    {matched?.title ?? ""}
                  </Compared>
                ) : (
                  <Empty title="No reference">It is made of none of the profile’s references.</Empty>
                )}
              </div>
            </Panel>
          )}
          <div className="columns">
            <Why detection={shown} title={matched?.title} />
            <Feedback key={shown.feedback?.at ?? ""} detection={shown} references={references ?? []} isBusy={isBusy} act={act} reload={reload} />
          </div>
        </>
      )}
    </>
  );
}

function Why({ detection, title }: { detection: Whole; title: string | undefined }): ReactElement {
  const { confidence, transform, part, passages, distances, evidence } = detection;
  return (
    <Panel title="Why" actions={confidence !== undefined && <strong>Sure {percent(Math.round(confidence * 1000) / 10)}</strong>}>
      <dl className="facts body">
        <dt>Content</dt>
        <dd className="mono">{detection.contentUrl}</dd>
        {detection.reason && (
          <>
            <dt>Not compared</dt>
            <dd>{detection.reason}</dd>
          </>
        )}
        {detection.matchedReferenceId && (
          <>
            <dt>Copy of</dt>
            <dd>{title || <span className="mono">{detection.matchedReferenceId}</span>}</dd>
          </>
        )}
        {transform && (
          <>
            <dt>The reference is</dt>
            <dd>{inWords(transform)}</dd>
          </>
        )}
        {part && (
          <>
            <dt>Part</dt>
            <dd>
              {duration(part.content[0])} to {duration(part.content[1])} shows {duration(part.reference[0])} to {duration(part.reference[1])} of the
              reference, {count(part.frames)} of {count(part.of)} frames
            </dd>
          </>
        )}
        {passages?.map(({ content: [from, to], words: many }) => (
          <Passage key={from} from={from} to={to} many={many} />
        ))}
        {distances?.phash !== undefined && (
          <>
            <dt>Hashes differ by</dt>
            <dd>
              {distances.phash} bits of 64 (pHash), {distances.dhash} (dHash)
            </dd>
          </>
        )}
        {evidence && (
          <>
            <dt>Evidence</dt>
            <dd>
              {Object.entries(evidence).map(([name, value]) => (
                <span key={name} className="measure">
                  {words(name.replace(/[A-Z]/g, (each) => ` ${each.toLowerCase()}`))} <strong>{figure(value)}</strong>
                </span>
              ))}
            </dd>
          </>
        )}
        <dt>Judged by</dt>
        <dd>
          {detection.modelVersion ?? "–"}
          {detection.processingMs !== undefined && `, in ${count(detection.processingMs)} ms`}
        </dd>
        {detection.batchId && (
          <>
            <dt>Batch</dt>
            <dd>
              <Link href={`/detections/batches/${detection.batchId}`}>the batch that it is of</Link>
            </dd>
          </>
        )}
        <dt>Asked</dt>
        <dd>
          <Time at={detection.createdAt} />
        </dd>
      </dl>
    </Panel>
  );
}

function Passage({ from, to, many }: { from: number; to: number; many: number }): ReactElement {
  return (
    <>
      <dt>Passage</dt>
      <dd>
        {count(many)} words, from character {count(from)} to {count(to)}
      </dd>
    </>
  );
}

function Feedback({ detection, references, isBusy, act, reload }: {
  detection: Whole;
  references: readonly Reference[];
  isBusy: boolean;
  act: ReturnType<typeof useOptimisticState<Whole>>["act"];
  reload: () => void;
}): ReactElement {
  const { api } = usePage();
  const { feedback } = detection;
  const [referenceId, setReference] = useState(feedback?.referenceId ?? detection.matchedReferenceId ?? "");
  const [note, setNote] = useState(feedback?.note ?? "");
  const say = (copy: boolean): void => {
    const said = { copy, note, ...(copy && referenceId && { referenceId }) };
    const at = new Date().toISOString();
    void act({ feedback: { ...said, at } }, () =>
      api.send<Whole>("ai_detection", "POST", `/v1/detections/${detection.id}/feedback`, said),
    ).then(reload);
  };
  return (
    <Panel title="What do you say?">
      <div className="body form">
        <p className="small" role="status">
          {feedback ? (
            <>
              You said {feedback.copy ? "that it is a copy" : "that it is no copy"}, <Time at={feedback.at} />. The newest word counts.
            </>
          ) : (
            "Models learn from it, and figures of quality are made of it."
          )}
        </p>
        <div>
          <label htmlFor="said-reference">Copy of</label>
          <select id="said-reference" value={referenceId} onChange={(event) => setReference(event.target.value)}>
            <option value="">No reference chosen</option>
            {references.map(({ id, title }) => (
              <option key={id} value={id}>
                {title || id}
              </option>
            ))}
          </select>
        </div>
        <div>
          <label htmlFor="said-note">Note</label>
          <textarea id="said-note" rows={2} value={note} onChange={(event) => setNote(event.target.value)} />
        </div>
        <div className="row">
          <button type="button" className="primary" disabled={isBusy || !referenceId} aria-pressed={feedback?.copy === true} onClick={() => say(true)}>
            It is a copy
          </button>
          <button type="button" disabled={isBusy} aria-pressed={feedback?.copy === false} onClick={() => say(false)}>
            It is no copy
          </button>
        </div>
      </div>
    </Panel>
  );
}
