// As much of an MCP client as a trial needs: Streamable HTTP of 2025-06-18, in which a request's answer may be a stream.

import { text, type HttpAnswer, type Outside } from "./outside.ts";

const VERSION = "2025-06-18";

/** Who calls, and what. */
export interface Caller {
  /** URL of the MCP endpoint. */
  readonly resource: string;
  accessToken(): Promise<string>;
}

export interface McpConnection {
  list(): Promise<HttpAnswer>;
  /** What a stream that broke off has not sent yet. */
  resume(lastEventId: string): Promise<HttpAnswer>;
  call(tool: string, input: object, headers?: Readonly<Record<string, string>>): Promise<HttpAnswer>;
  /** The same session, by another way or with another token of the same user. */
  through(outside: Pick<Outside, "http">, caller: Caller): McpConnection;
}

/** @throws Error when the server does not begin a session. */
export async function connect(outside: Pick<Outside, "http">, caller: Caller): Promise<McpConnection> {
  const post = async (message: object, headers: Readonly<Record<string, string>> = {}) => posted(outside, caller, message, headers);
  const params = { protocolVersion: VERSION, capabilities: {}, clientInfo: { name: "edgeward-trial", version: "1" } };
  const begun = await post({ id: 0, method: "initialize", params });
  const said = await text(begun);
  if (begun.status !== 200) throw new Error(`initialize answers ${begun.status}: ${said.slice(0, 200)}`);
  const id = begun.headers["mcp-session-id"];
  const always = { "MCP-Protocol-Version": VERSION, ...(typeof id === "string" ? { "Mcp-Session-Id": id } : {}) };
  await text(await post({ method: "notifications/initialized" }, always));
  let next = 1;
  const within = (outside: Pick<Outside, "http">, caller: Caller): McpConnection => ({
    list: () => posted(outside, caller, { id: next++, method: "tools/list" }, always),
    async resume(lastEventId) {
      const headers = { Accept: "text/event-stream", "Last-Event-ID": lastEventId, ...(await authorization(caller)), ...always };
      return outside.http({ url: caller.resource, headers });
    },
    call(name, input, headers = {}) {
      const call = { name, arguments: input, _meta: { progressToken: next } };
      return posted(outside, caller, { id: next++, method: "tools/call", params: call }, { ...always, ...headers });
    },
    through: within,
  });
  return within(outside, caller);
}

async function posted(outside: Pick<Outside, "http">, caller: Caller, message: object, headers: Readonly<Record<string, string>>): Promise<HttpAnswer> {
  return outside.http({
    method: "POST",
    url: caller.resource,
    headers: {
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      ...(await authorization(caller)),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: "2.0", ...message }),
  });
}

const authorization = async (caller: Caller) => ({ Authorization: `Bearer ${await caller.accessToken()}` });
