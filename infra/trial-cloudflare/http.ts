// HTTP from here or from a vantage point.

import { spawn } from "node:child_process";
import { request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { Duplex } from "node:stream";
import { connect } from "node:tls";
import { send } from "../trial/http.ts";
import type { HttpAnswer } from "../trial/outside.ts";
import type { ViaRequest } from "./outside.ts";
import type { Via } from "./via.ts";

export async function http({ via, ...request }: ViaRequest): Promise<HttpAnswer> {
  if (!via) return send(request);
  const { protocol, hostname, port } = new URL(request.url);
  const isTls = protocol === "https:";
  const tunnel = await open(via, `${hostname}:${port || (isTls ? 443 : 80)}`);
  return send(request, { createConnection: () => (isTls ? connect({ socket: tunnel, servername: hostname }) : tunnel) });
}

/** Opens a connection to `HOST:PORT` from there. */
function open(via: Via, target: string): Promise<Duplex> {
  return via.kind === "proxy" ? throughProxy(via.url, target) : throughSsh(via.host, target);
}

function throughProxy(proxy: URL, target: string): Promise<Duplex> {
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const headers = proxy.username === "" ? {} : { "Proxy-Authorization": `Basic ${Buffer.from(credentials).toString("base64")}` };
  const [request, usualPort] = proxy.protocol === "https:" ? [tlsRequest, 443] : ([plainRequest, 80] as const);
  return new Promise((resolve, reject) => {
    const asked = request({
      host: proxy.hostname,
      port: proxy.port || usualPort,
      method: "CONNECT",
      path: target,
      headers: { Host: target, ...headers },
      agent: false,
      timeout: PATIENCE,
    });
    asked.on("connect", ({ statusCode }, socket) => {
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(new Error(`the proxy answers ${statusCode}`));
    });
    asked.on("response", ({ statusCode }) => reject(new Error(`the proxy answers ${statusCode}`)));
    asked.on("timeout", () => asked.destroy(new Error("the proxy does not answer")));
    asked.on("error", reject);
    asked.end();
  });
}

async function throughSsh(host: string, target: string): Promise<Duplex> {
  const options = ["-o", "BatchMode=yes", "-o", `ConnectTimeout=${PATIENCE / 1000}`];
  const child = spawn("ssh", [...options, "-W", target, "--", host], { stdio: ["pipe", "pipe", "ignore"] });
  await new Promise<void>((resolve, reject) => {
    child.on("spawn", resolve);
    child.on("error", reject);
  });
  const tunnel = Duplex.from({ writable: child.stdin, readable: child.stdout });
  tunnel.on("close", () => child.kill());
  return tunnel;
}

const PATIENCE = 30_000;
