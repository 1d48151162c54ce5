// Clients that leave in the middle of a request, each over a connection of its own.

import { connect as connectPlainly, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { setTimeout } from "node:timers/promises";
import { requestOf } from "../trial/http.ts";
import type { CloudflareOutside } from "./outside.ts";

export const cutShort: CloudflareOutside["cutShort"] = async ({ method = "POST", url, headers = {}, body }, cut) => {
  const { protocol, hostname, port } = new URL(url);
  const isTls = protocol === "https:";
  // Our own, as only it can be reset: TLS ends connections politely.
  const socket: Socket = connectPlainly(Number(port) || (isTls ? 443 : 80), hostname);
  const bytes = Buffer.from(body);
  const length = { "Content-Length": `${bytes.length}` };
  const request = requestOf(url)(url, {
    method,
    headers: { ...headers, ...length },
    createConnection: () => (isTls ? connectTls({ socket, servername: hostname, ALPNProtocols: ["http/1.1"] }) : socket),
  });
  let status: number | undefined;
  const isOver = new AbortController();
  const answeredOrGone = new Promise<void>((resolve) => {
    request.on("response", (answer) => {
      status = answer.statusCode;
      answer.resume();
      resolve();
    });
    request.on("error", () => resolve());
    socket.on("error", () => resolve());
    socket.on("close", () => resolve());
  }).then(() => isOver.abort());
  const written = (part: Buffer) => new Promise<void>((resolve) => request.write(part, () => resolve()));
  /** Sends it; until somebody ends the request. */
  const leave = async () => {
    const wait = (milliseconds: number) => setTimeout(milliseconds, undefined, { signal: isOver.signal }).catch(() => {});
    if (cut === "a slow body") {
      for (let at = 0; at < SLOW_BYTES && !isOver.signal.aborted; at++) {
        await written(bytes.subarray(at, at + 1));
        await wait(SLOW_PAUSE);
      }
      return;
    }
    const whole = cut === "a reset after a whole body";
    await written(whole ? bytes : bytes.subarray(0, bytes.length / 2));
    await wait(ON_THE_WAY);
  };
  await Promise.race([leave(), answeredOrGone]);
  if (cut === "half a body" || cut === "a slow body") request.destroy();
  else socket.resetAndDestroy();
  await answeredOrGone;
  return status;
};

/** So that what was sent is there before its sender leaves. */
const ON_THE_WAY = 300;
const SLOW_BYTES = 8;
const SLOW_PAUSE = 250;
