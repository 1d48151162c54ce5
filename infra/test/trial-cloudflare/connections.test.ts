// Vantage points and clients that leave, over real connections on this machine.

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { text } from "../../trial/outside.ts";
import { cutShort } from "../../trial-cloudflare/cut-short.ts";
import { http } from "../../trial-cloudflare/http.ts";
import { CUTS } from "../../trial-cloudflare/outside.ts";
import { describeVia, parseVia, viaLines } from "../../trial-cloudflare/via.ts";

const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(handle);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** A proxy; what it was asked. */
async function proxy(status = 200) {
  const asked: IncomingMessage[] = [];
  const { server, url } = await serve((_, response) => response.end());
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    asked.push(request);
    if (status !== 200) return socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    const { hostname, port } = new URL(`http://${request.url}`);
    const onward = connect(Number(port), hostname, () => socket.write("HTTP/1.1 200 Connected\r\n\r\n"));
    closing.push(() => onward.destroy());
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
    return socket.pipe(onward).pipe(socket);
  });
  return { asked, url };
}

describe("a vantage point", () => {
  test("that is a proxy passes requests on, and is told its credentials", async () => {
    const { url } = await serve((request, response) => response.end(`${request.method} ${request.url}`));
    const { asked, url: through } = await proxy();
    const via = parseVia(through.replace("://", "://someone:secret@"));
    const answer = await http({ url: `${url}/a`, via });
    expect([answer.status, await text(answer)]).toEqual([200, "GET /a"]);
    expect(asked.map(({ url, headers }) => [url, headers["proxy-authorization"]])).toEqual([[new URL(url).host, `Basic ${btoa("someone:secret")}`]]);
  });

  test("that refuses says so", async () => {
    const { url } = await proxy(407);
    await expect(http({ url: "http://127.0.0.1:9/", via: parseVia(url) })).rejects.toThrow("the proxy answers 407");
  });

  test("is named without credentials, and may stand in a file", () => {
    const lines = viaLines("# places\nhttp://someone:secret@proxy.example:3128\n\nssh:me@tokyo.example # near NRT\n");
    expect(lines.map((line) => describeVia(parseVia(line)))).toEqual(["proxy proxy.example:3128", "ssh tokyo.example"]);
  });
});

describe("a client that leaves", () => {
  const body = "x".repeat(1000);

  test.each(CUTS)("with %s sends that, and ends its connection", async (cut) => {
    let received = 0;
    let ended: (how: string) => void;
    const how = new Promise<string>((resolve) => (ended = resolve));
    const { url } = await serve((request) => {
      request.on("data", (chunk: Buffer) => (received += chunk.length));
      request.on("end", () => request.socket.on("close", (hadError) => ended(hadError ? "reset" : "closed")));
      request.on("error", (error) => ended((error as NodeJS.ErrnoException).code ?? ""));
    });
    expect(await cutShort({ url, body }, cut)).toBeUndefined();
    await how;
    const expected = { "half a body": 500, "a reset after half a body": 500, "a reset after a whole body": 1000, "a slow body": 8 }[cut];
    expect(received).toBe(expected);
  });

  test("is told the status, if the answer comes first", async () => {
    const { url } = await serve((_, response) => response.writeHead(429).end());
    expect(await cutShort({ url, body }, "a slow body")).toBe(429);
  });
});
