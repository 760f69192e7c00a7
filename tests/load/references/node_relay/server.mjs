// A reference: Kafka to WebSocket as one would write it with ws and kafkajs. A record's buffer is the frame's
// payload as it is; a socket is corked over a batch, so that what one fetch holds for it leaves in one writev.
// A socket with over 1 MiB unsent is cut off; nothing is read again for who comes back.
import { createServer } from "node:http";
import jwt from "jsonwebtoken";
import { Kafka, logLevel } from "kafkajs";
import { WebSocketServer } from "ws";

const { RELAY_PORT, RELAY_TOPICS, KAFKA_BOOTSTRAP_SERVERS, JWT_SECRET } = process.env;
const MAX_UNSENT = 1 << 20;
const TEXT = { binary: false, compress: false, fin: true };
const users = new Map(); // user id -> Set of sockets

const wss = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 64 << 10 });
const server = createServer((_, response) => response.end("ready"));

server.on("upgrade", (request, socket, head) => {
  let user;
  try {
    const token = new URL(request.url, "http://localhost").searchParams.get("token");
    user = jwt.verify(token, JWT_SECRET, { algorithms: ["HS256"] }).sub;
  } catch {
    socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n");
    return;
  }
  wss.handleUpgrade(request, socket, head, (ws) => {
    const sockets = users.get(user) ?? new Set();
    users.set(user, sockets.add(ws));
    ws.alive = true;
    ws.on("pong", () => (ws.alive = true));
    ws.on("message", () => ws.send('{"type":"heartbeat","payload":{"response":true}}', TEXT));
    ws.on("error", () => {});
    ws.on("close", () => {
      if (sockets.delete(ws) && sockets.size === 0) users.delete(user);
    });
    ws.send('{"type":"hello"}', TEXT);
  });
});

setInterval(() => {
  for (const ws of wss.clients) {
    if (!ws.alive) {
      ws.terminate();
      continue;
    }
    ws.alive = false;
    ws.ping();
  }
}, 30_000);

const corked = [];
function push(ws, value) {
  if (ws.readyState !== ws.OPEN) return;
  const socket = ws._socket;
  if (socket.writableLength > MAX_UNSENT) {
    ws.terminate();
    return;
  }
  if (socket.writableCorked === 0) {
    socket.cork();
    corked.push(socket);
  }
  ws.send(value, TEXT);
}

const kafka = new Kafka({ brokers: KAFKA_BOOTSTRAP_SERVERS.split(","), logLevel: logLevel.ERROR });
const consumer = kafka.consumer({ groupId: `relay-${process.pid}-${Date.now()}` });
await consumer.connect();
await consumer.subscribe({ topics: RELAY_TOPICS.split(","), fromBeginning: false });
await consumer.run({
  autoCommit: false,
  eachBatch: async ({ batch }) => {
    for (const { key, value } of batch.messages) {
      for (const ws of key ? (users.get(key.toString("latin1")) ?? []) : wss.clients) push(ws, value);
    }
    for (const socket of corked) socket.uncork();
    corked.length = 0;
    await new Promise(setImmediate); // let sockets drain and others connect
  },
});
server.listen(Number(RELAY_PORT), "127.0.0.1", 4096);
process.on("SIGTERM", () => process.exit(0));
