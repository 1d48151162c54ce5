/** A verified caller, as the edge vouches for it. */
export interface Caller {
  readonly issuer: string;
  readonly audience: string;
  /** The user, as the identity provider names them; the client, if a machine calls. */
  readonly subject: string;
  readonly kind: "user" | "machine";
  /** The OAuth client that acts for the user. */
  readonly clientId: string;
  /** What the user allowed the client. */
  readonly scopes: readonly string[];
  readonly username?: string;
  /** The user's e-mail address, if it is verified. */
  readonly email?: string;
  /** An address that anybody may have written there: show it, and never look anything up by it. */
  readonly unverifiedEmail?: string;
  readonly groups: readonly string[];
  /** When the user last proved who they are, in seconds since the epoch. */
  readonly authTime?: number;
  /** One sign-in of one user for one client, the same after each refresh. */
  readonly grantId: string;
}
