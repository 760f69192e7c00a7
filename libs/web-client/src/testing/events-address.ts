/** `GET /events` of the fake edge: long polls and event streams over the same log. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { userOf } from "../core/tokens";
import { Refusal, wants, wishOf } from "./conversation";
import type { FakeEdge } from "./fake-edge";
import type { Envelope } from "./log";

const CORS = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" };

export function answerEvents(edge: FakeEdge, request: IncomingMessage, answer: ServerResponse): void {
  const address = new URL(request.url ?? "", "http://edge");
  if (request.method === "OPTIONS") return void answer.writeHead(204, CORS).end();
  if (address.pathname !== "/events") return void answer.writeHead(404, CORS).end();
  const query = address.searchParams;
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? query.get("token");
  if (!token || !edge.tokenOk(token)) return refuse(answer, 401, new Refusal("invalid_token", "no good token"));
  const failure = edge.failureFor("events") as { status: number; retryAfter?: number } | undefined;
  if (failure) {
    if (failure.retryAfter !== undefined) answer.setHeader("retry-after", failure.retryAfter);
    return refuse(answer, failure.status, new Refusal("not_ready", "as told"));
  }
  try {
    serve(edge, request, answer, query, userOf(token) ?? 1);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    refuse(answer, 400, error);
  }
}

function refuse(answer: ServerResponse, status: number, { code, message }: Refusal): void {
  answer.writeHead(status, { "content-type": "application/json", ...CORS });
  answer.end(JSON.stringify({ code, message, retryable: status >= 429 }));
}

function serve(
  edge: FakeEdge,
  request: IncomingMessage,
  answer: ServerResponse,
  query: URLSearchParams,
  user: number,
): void {
  const wish = wishOf(query.get("types")?.split(","), JSON.parse(query.get("filters") ?? "{}"));
  const header = request.headers["last-event-id"];
  const resume = typeof header === "string" ? header.split(",") : query.getAll("resume");
  const since = query.get("since") ?? undefined;
  const replay = edge.log.after(wish.types, resume, since);
  const events = replay.events.filter((event) => wants(wish, event, user));
  const recovered = { recovered: replay.reason === undefined, ...(replay.reason && { reason: replay.reason }) };
  const follow = (heard: (event: Envelope) => void): (() => void) => {
    const follower = (event: Envelope): void => {
      if (wants(wish, event, user)) heard(event);
    };
    edge.followers.add(follower);
    return () => void edge.followers.delete(follower);
  };
  if (request.headers.accept === "text/event-stream") {
    answer.writeHead(200, { "content-type": "text/event-stream", ...CORS });
    const write = (text: string): void => void (edge.holdStreams || answer.write(text));
    const send = (event: Envelope): void => {
      write(`id: ${edge.log.cursors(wish.types).join(",")}\ndata: ${JSON.stringify(event)}\n\n`);
      if (edge.isLast()) answer.destroy();
    };
    if (!edge.holdStreams) answer.flushHeaders();
    for (const event of events) write(`data: ${JSON.stringify(event)}\n\n`);
    const cursors = edge.log.cursors(wish.types);
    const said = { types: wish.types, cursors, replayed: events.length, ...recovered };
    write(`event: subscribed\nid: ${cursors.join(",")}\ndata: ${JSON.stringify(said)}\n\n`);
    const leave = follow(send);
    answer.on("close", leave);
    return;
  }
  const end = (found: readonly Envelope[]): void => {
    leave();
    clearTimeout(timer);
    answer.writeHead(200, { "content-type": "application/json", ...CORS });
    answer.end(JSON.stringify({ events: found, cursors: edge.log.cursors(wish.types), ...recovered }));
  };
  const leave = follow((event) => end([event]));
  const timer = setTimeout(() => end([]), Number(query.get("timeout") ?? 25) * 1_000);
  answer.on("close", () => {
    leave();
    clearTimeout(timer);
  });
  if ((resume.length === 0 && since === undefined) || events.length > 0 || replay.reason) end(events);
}
