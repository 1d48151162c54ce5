// HTTP as it is: nothing is added to a request, and an answer is read as it arrives.

import { createServer, request as plainRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as tlsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import type { HttpAnswer, HttpRequest, Listener } from "./outside.ts";
import { Visits } from "./visits.ts";

export const http = (request: HttpRequest) => send(request);

/** @param options What is different about the connection. */
export async function send({ method = "GET", url, headers = {}, body }: HttpRequest, options: RequestOptions = {}): Promise<HttpAnswer> {
  const length = body === undefined ? {} : { "Content-Length": `${Buffer.byteLength(body)}` };
  const request = requestOf(url)(url, { ...options, method, headers: { ...headers, ...length } });
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const late = setTimeout(() => request.destroy(new Error(`no answer in ${DEADLINE / 1000} s`)), DEADLINE);
    request.on("close", () => clearTimeout(late));
    request.on("response", (response) => {
      clearTimeout(late);
      resolve(response);
    });
    request.on("error", reject);
    request.end(body);
  });
  message.setEncoding("utf8");
  return { status: message.statusCode ?? 0, headers: message.headers, body: message };
}

/** What makes requests to such a URL. */
export const requestOf = (url: string) => (url.startsWith("https:") ? tlsRequest : plainRequest);

/** How long the beginning of an answer may take. */
const DEADLINE = 120_000;

/** Waits for a browser at a free port of this machine. */
export async function listen(): Promise<Listener> {
  const visits = new Visits();
  let came: (query: URLSearchParams) => void;
  const query = new Promise<URLSearchParams>((resolve) => (came = resolve));
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
    if (pathname !== "/callback") {
      response.writeHead(404).end();
      return;
    }
    const what = searchParams.has("code") ? "Signed in." : "Not signed in.";
    response.writeHead(200, { "Content-Type": "text/plain" }).end(`${what} Go back to the terminal.\n`);
    came(searchParams);
    visits.add(searchParams);
  });
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.close();
    // A browser keeps its connection, which would keep the port.
    server.closeAllConnections();
  };
  return { redirectUri: `http://127.0.0.1:${port}/callback`, query, next: (within) => visits.next(within), close };
}
