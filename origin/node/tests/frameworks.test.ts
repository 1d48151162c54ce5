// Which requests reach a server, with each framework, over HTTP as it was sent.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { test } from "node:test";

import { serve } from "@hono/node-server";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";

import { HEADER, callerOf, requireIdentity, requireIdentityHook, requireIdentityOfFetch } from "../src/index.ts";
import type { Caller, GateOptions } from "../src/index.ts";
import { PUBLIC, Source, assertion, jwks } from "./edge.ts";

type Serving = { port: number; close: () => Promise<void> };

const seen = (caller: Caller, header: unknown) => ({ subject: caller.subject, header: header !== undefined && header !== null });

async function listening(server: ReturnType<typeof createServer>): Promise<Serving> {
  if (!server.listening) await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { port: (server.address() as AddressInfo).port, close };
}

const FRAMEWORKS: Record<string, (options: GateOptions) => Promise<Serving>> = {
  express: (options) => {
    const app = express();
    app.use(requireIdentity(options));
    app.get("/", (request, response) => {
      const { caller } = request as unknown as { caller: Caller };
      response.json(seen(caller, request.headers[HEADER]));
    });
    return listening(createServer(app));
  },
  fastify: async (options) => {
    const app = fastify();
    app.addHook("onRequest", requireIdentityHook(options));
    app.get("/", async ({ raw }) => seen((raw as unknown as { caller: Caller }).caller, raw.headers[HEADER]));
    await app.listen({ port: 0, host: "127.0.0.1" });
    return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
  },
  hono: (options) => {
    const app = new Hono<{ Variables: { caller: Caller } }>();
    app.use(requireIdentityOfFetch(options));
    app.get("/", (context) => context.json(seen(context.get("caller"), context.req.raw.headers.get(HEADER))));
    return listening(serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }) as ReturnType<typeof createServer>);
  },
};

/** A request as its bytes are, so that a header can be there twice. */
function get(port: number, fields: string[]): Promise<{ status: number; head: string; body: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    socket.on("data", (chunk) => (answer += chunk)).on("error", reject);
    socket.on("end", () => {
      const [head = "", body = ""] = answer.split("\r\n\r\n");
      resolve({ status: Number(head.split(" ")[1]), head: head.toLowerCase(), body: /\{.*\}/.exec(body)?.[0] ?? body });
    });
    socket.write(["GET / HTTP/1.1", "Host: origin.example", "Connection: close", ...fields, "", ""].join("\r\n"));
  });
}

for (const [name, start] of Object.entries(FRAMEWORKS)) {
  test(`${name}: a good assertion names the caller, and the header is gone`, async () => {
    const { port, close } = await start(new Source(jwks(PUBLIC)).options());
    const { status, body } = await get(port, [`X-Edgeward-Identity: ${await assertion()}`]);
    assert.deepEqual([status, JSON.parse(body)], [200, { subject: "user-1", header: false }]);
    await close();
  });

  test(`${name}: all others are refused with one word`, async () => {
    const { port, close } = await start(new Source(jwks(PUBLIC)).options());
    const good = await assertion();
    // A Fetch request has joined what Node had apart.
    const repeated = [[`${HEADER}: ${good}`, `X-EDGEWARD-IDENTITY: ${good}`], [`${HEADER}: ${good}, ${good}`]];
    const cases: [string[], string | RegExp][] = [
      [[], "identity_missing"],
      [repeated[0] ?? [], "identity_repeated"],
      [repeated[1] ?? [], /^identity_(repeated|invalid)$/],
      [[`${HEADER}: `], "identity_invalid"],
      [[`${HEADER}: ${"x".repeat(9000)}`], "identity_invalid"],
      [[`${HEADER}: ${await assertion({ aud: "https://another.example" })}`], "identity_invalid"],
      [[`${HEADER}: ${await assertion({ exp: 60, iat: 0 })}`], "identity_expired"],
      [[`${HEADER}: ${await assertion({}, "unknown")}`], "identity_invalid"],
    ];
    for (const [fields, code] of cases) {
      const { status, head, body } = await get(port, fields);
      assert.equal(status, 401, `${fields}`);
      assert.match(JSON.parse(body).error, typeof code === "string" ? new RegExp(`^${code}$`) : code);
      assert.ok(head.includes("www-authenticate: edgeward") && head.includes("cache-control: no-store"), head);
    }
    await close();
  });

  test(`${name}: without keys it is a 503 that says when to come back`, async () => {
    const { port, close } = await start(new Source(new Error("down")).options());
    const { status, head, body } = await get(port, [`${HEADER}: ${await assertion()}`]);
    assert.deepEqual([status, JSON.parse(body)], [503, { error: "identity_keys_unavailable" }]);
    assert.ok(head.includes("retry-after: 1"), head);
    await close();
  });
}

test("a tool of the MCP SDK knows who calls it, each time", async () => {
  const app = express();
  app.use(requireIdentity(new Source(jwks(PUBLIC)).options()), express.json());
  app.post("/mcp", async (request, response) => {
    const server = new McpServer({ name: "test", version: "1" });
    server.registerTool("whoami", {}, (extra) => ({ content: [{ type: "text", text: callerOf(extra).subject }] }));
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
    await server.connect(transport as Parameters<typeof server.connect>[0]);
    await transport.handleRequest(request, response, request.body);
  });
  const { port, close } = await listening(createServer(app));
  const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "whoami", arguments: {} } };
  for (const sub of ["user-1", "user-2"]) {
    const headers = {
      "content-type": "application/json", accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2025-11-25", [HEADER]: await assertion({ sub }),
    };
    const answer = await fetch(`http://127.0.0.1:${port}/mcp`, { method: "POST", headers, body: JSON.stringify(call) });
    const { result } = (await answer.json()) as { result: { content: { text: string }[] } };
    assert.equal(result.content[0]?.text, sub);
  }
  await close();
  assert.throws(() => callerOf({}), /middleware/);
});
