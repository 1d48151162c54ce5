// As much of an MCP client as a trial needs: Streamable HTTP of 2025-06-18, in which a request's answer may be a stream.

import { text, type HttpAnswer, type Outside } from "./outside.ts";
import type { Session } from "./session.ts";

const VERSION = "2025-06-18";

export interface McpConnection {
  call(tool: string, input: object, headers?: Readonly<Record<string, string>>): Promise<HttpAnswer>;
}

/** @throws Error when the server does not begin a session. */
export async function connect(outside: Outside, session: Session): Promise<McpConnection> {
  const post = async (message: object, headers: Readonly<Record<string, string>> = {}) =>
    outside.http({
      method: "POST",
      url: session.resource,
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json, text/event-stream",
        Authorization: `Bearer ${await session.accessToken()}`,
        ...headers,
      },
      body: JSON.stringify({ jsonrpc: "2.0", ...message }),
    });
  const params = { protocolVersion: VERSION, capabilities: {}, clientInfo: { name: "edgeward-trial", version: "1" } };
  const begun = await post({ id: 0, method: "initialize", params });
  const said = await text(begun);
  if (begun.status !== 200) throw new Error(`initialize answers ${begun.status}: ${said.slice(0, 200)}`);
  const id = begun.headers["mcp-session-id"];
  const always = { "MCP-Protocol-Version": VERSION, ...(typeof id === "string" ? { "Mcp-Session-Id": id } : {}) };
  await text(await post({ method: "notifications/initialized" }, always));
  let next = 1;
  return {
    call: (name, input, headers = {}) => {
      const call = { name, arguments: input, _meta: { progressToken: next } };
      return post({ id: next++, method: "tools/call", params: call }, { ...always, ...headers });
    },
  };
}
