// Sends events to whichever client comes, in the client's own protocol: as fast as it reads, or at a rate.
// Frames are made before the first is sent, so that what is measured is the client. Prints its port.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { WebSocketServer } from "ws";

const folder = process.argv[2];
const payload = {
  templateId: "t0", name: "Course videos", templateVersion: 2, usageCount: 7, submissionId: "sub_1",
  renderedLength: 1234, outcome: "rendered", acceptanceRatePercent: 91.5, usedAt: "2026-03-07T10:30:00.250Z",
};
const event = (index) => ({
  type: "template_usage",
  payload: { ...payload, templateId: `t${index % 200}`, usageCount: index },
  timestamp: "2026-03-07T10:30:00.250Z", id: `msg_1772879400250_${index}`, userId: 1, cursor: `2.2.AJNeXg:${index}`,
});
const control = (action, more) => JSON.stringify({ type: "connection_established", payload: { action, ...more } });

const DIALECTS = {
  ours: {
    hello: control("connected", { connectionId: "c", node: "n" }),
    answer({ type, id, payload: said }, begin) {
      if (type === "heartbeat") return JSON.stringify({ type, payload: { ...said, cursors: [], response: true } });
      const { subscriptionId } = said;
      begin();
      return control("subscribed", { subscriptionId, cursors: [], recovered: true, replayed: 0, inReplyTo: id });
    },
    frame: (index) => JSON.stringify(event(index)),
  },
  centrifuge: {
    answer({ id, connect }, begin) {
      if (connect) return JSON.stringify({ id, connect: { client: "c", version: "0", ping: 25, pong: true } });
      begin();
      return JSON.stringify({ id, subscribe: {} });
    },
    frame: (index) => JSON.stringify({ push: { channel: "c", pub: { data: event(index), offset: index } } }),
  },
  graphql: {
    answer({ type, id }, begin, state) {
      if (type === "connection_init") return JSON.stringify({ type: "connection_ack" });
      state.id = id;
      begin();
      return undefined;
    },
    frame: (index, { id }) => JSON.stringify({ id, type: "next", payload: { data: { event: event(index) } } }),
  },
};

async function send(socket, frames, rate) {
  const began = Date.now();
  for (let at = 0; at < frames.length && socket.readyState === 1; ) {
    const due = rate ? Math.min(frames.length, Math.ceil(((Date.now() - began) * rate) / 1000)) : at + 500;
    for (; at < due && at < frames.length; at++) socket.send(frames[at]);
    do await new Promise((resolve) => (rate ? setTimeout(resolve, 4) : setImmediate(resolve)));
    while (socket.bufferedAmount > 4_000_000);
  }
}

const server = createServer(async (request, answer) => {
  const name = request.url === "/" ? "index.html" : request.url.slice(1);
  const text = await readFile(`${folder}/${name}`).catch(() => undefined);
  const type = name.endsWith(".js") ? "text/javascript" : "text/html";
  answer.writeHead(text ? 200 : 404, { "content-type": type }).end(text);
});
const sockets = new WebSocketServer({ server, perMessageDeflate: false, handleProtocols: (offered) => [...offered][0] });
sockets.on("connection", (socket, { url }) => {
  const address = new URL(url, "http://bench");
  const dialect = DIALECTS[address.pathname.split("/")[1]];
  const [count, rate] = ["count", "rate"].map((name) => Number(address.searchParams.get(name)));
  const state = {};
  const begin = () =>
    setTimeout(() => {
      const frames = Array.from({ length: count }, (_, index) => dialect.frame(index, state));
      void send(socket, frames, rate);
    }, 50);
  if (dialect.hello) socket.send(dialect.hello);
  socket.on("message", (data) => {
    for (const line of String(data).split("\n")) {
      const said = JSON.parse(line);
      const answer = Object.keys(said).length > 0 ? dialect.answer(said, begin, state) : undefined;
      if (answer) socket.send(answer);
    }
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
