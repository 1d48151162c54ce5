// An MCP server behind an Edgeward edge: it knows who is calling, and lets only editors publish.
import { callerOf, requireIdentity } from "@edgeward/identity";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import express from "express";
import { z } from "zod";

function notes(): McpServer {
  const server = new McpServer({ name: "notes", version: "1.0.0" });

  server.registerTool("whoami", { description: "Says who is calling." }, (extra) => {
    const { username, email, groups, scopes, clientId } = callerOf(extra);
    return text(JSON.stringify({ username, email, groups, scopes, client_id: clientId }));
  });

  const publish = { description: "Publishes a note. Only editors may do this.", inputSchema: { title: z.string() } };
  server.registerTool("publish", publish, ({ title }, extra) => {
    const { groups, username } = callerOf(extra);
    if (!groups.includes("editors")) return { isError: true, ...text("only members of the group editors may publish") };
    return text(`${username} published '${title}'`);
  });
  return server;
}

const text = (text: string) => ({ content: [{ type: "text" as const, text }] });

function setting(name: string, meaning: string): string {
  const value = process.env[name];
  if (value) return value;
  console.error(`set ${name} to ${meaning}`);
  process.exit(2);
}

const issuer = setting("EDGEWARD_ISSUER", "the edge's public URL, such as https://mcp.example.com");
const audience = setting("EDGEWARD_AUDIENCE", "the origin-url of edgeward.toml: this server as the edge reaches it");

const app = express();
app.use(requireIdentity({ issuer, audience }), express.json({ limit: "4mb" }));
app.post("/mcp", async (request, response) => {
  // Without sessions, each request has a server of its own.
  const transport = new StreamableHTTPServerTransport();
  response.on("close", () => void transport.close());
  await notes().connect(transport);
  await transport.handleRequest(request, response, request.body);
});
app.all("/mcp", (_, response) => void response.set("Allow", "POST").sendStatus(405));
app.listen(Number(process.env["PORT"] ?? 8080), "127.0.0.1");
