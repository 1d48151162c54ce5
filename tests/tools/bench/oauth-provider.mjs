// Cloudflare's own library in front of the origin, in one Worker, as its README shows it. Whoever comes is signed in at
// once: neither a page nor an identity provider costs it anything.
import { OAuthProvider } from "@cloudflare/workers-oauth-provider";

// Behind the check of the token: passes the request on without it, with who the user is.
const apiHandler = {
  fetch(request, env, ctx) {
    const url = new URL(request.url);
    const forwarded = new Request(env.ORIGIN + url.pathname + url.search, request);
    forwarded.headers.delete("authorization");
    forwarded.headers.set("x-user", JSON.stringify(ctx.props));
    return fetch(forwarded);
  },
};

const defaultHandler = {
  async fetch(request, env) {
    if (new URL(request.url).pathname !== "/authorize") return new Response("ok");
    const asked = await env.OAUTH_PROVIDER.parseAuthRequest(request);
    const { redirectTo } = await env.OAUTH_PROVIDER.completeAuthorization({
      request: asked,
      // Another one each time: with the grants of one user the library has more to do from sign-in to sign-in.
      userId: crypto.randomUUID(),
      metadata: {},
      scope: asked.scope,
      props: { username: "demo", email: "demo@example.com", groups: ["readers"] },
    });
    return Response.redirect(redirectTo, 302);
  },
};

// As much of KV as the library uses, without a network, a disk or a copy. What is listed is found as fast as what is got:
// the library asks for prefixes that end with a colon.
class InMemoryKv {
  #values = new Map();
  #prefixes = new Map();

  async get(key, options) {
    const value = this.#values.get(key)?.value;
    if (value === undefined) return null;
    return options?.type === "json" || options === "json" ? JSON.parse(value) : value;
  }

  async put(key, value, { metadata } = {}) {
    this.#values.set(key, { value, metadata });
    for (const prefix of prefixes(key)) {
      if (!this.#prefixes.has(prefix)) this.#prefixes.set(prefix, new Set());
      this.#prefixes.get(prefix).add(key);
    }
  }

  async delete(key) {
    this.#values.delete(key);
    for (const prefix of prefixes(key)) this.#prefixes.get(prefix)?.delete(key);
  }

  async list({ prefix }) {
    const names = [...(this.#prefixes.get(prefix) ?? [])];
    const keys = names.map((name) => ({ name, metadata: this.#values.get(name).metadata }));
    return { keys, list_complete: true };
  }
}

const prefixes = (key) => [...key.matchAll(/:/g)].map(({ index }) => key.slice(0, index + 1));

let provider;

export default {
  fetch(request, env, ctx) {
    env.OAUTH_KV ??= new InMemoryKv();
    provider ??= new OAuthProvider({
      apiRoute: "/mcp",
      apiHandler,
      defaultHandler,
      authorizeEndpoint: "/authorize",
      tokenEndpoint: "/token",
      clientRegistrationEndpoint: "/register",
      scopesSupported: ["mcp", "offline_access"],
      resourceMetadata: { resource: `${env.ISSUER}/mcp`, authorization_servers: [env.ISSUER] },
      requiredScopes: ["mcp"],
    });
    return provider.fetch(request, env, ctx);
  },
};
