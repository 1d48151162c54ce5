import { resolve4 } from "node:dns/promises";

/** The public DNS. */
export interface Dns {
  /** Addresses of a host's A records; none if it has none. */
  addresses(host: string): Promise<string[]>;
}

/** What the resolver of this machine says. */
export const dns: Dns = {
  async addresses(host) {
    try {
      return await resolve4(host);
    } catch (error) {
      if (["ENOTFOUND", "ENODATA"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
      throw error;
    }
  },
};
