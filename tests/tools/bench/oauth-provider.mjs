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
      userId: "9d3a2f6e-0000-4000-8000-000000000001",
      metadata: {},
      scope: asked.scope,
      props: { username: "demo", email: "demo@example.com", groups: ["readers"] },
    });
    return Response.redirect(redirectTo, 302);
  },
};

// As much of KV as the library uses, without a network, a disk or a copy.
class InMemoryKv {
  #values = new Map();

  async get(key, options) {
    const value = this.#values.get(key);
    if (value === undefined) return null;
    return options?.type === "json" || options === "json" ? JSON.parse(value) : value;
  }

  async put(key, value) {
    this.#values.set(key, value);
  }

  async delete(key) {
    this.#values.delete(key);
  }

  async list({ prefix = "" } = {}) {
    const keys = [...this.#values.keys()].filter((name) => name.startsWith(prefix)).map((name) => ({ name }));
    return { keys, list_complete: true };
  }
}

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
