// What a deployment asks AWS, and the few things it tells it by itself.

import type { EcrImage } from "../server/image-uri.ts";

/** Whose credentials these are, as one region says. */
export type Identity =
  | { readonly kind: "known"; readonly account: string }
  | { readonly kind: "absent" | "expired" | "invalid" | "disabled" | "nowhere" | "silent"; readonly message: string };

export interface Stack {
  readonly status: string;
  /** Termination protection. */
  readonly isProtected: boolean;
  /** Values of its outputs, by their names. */
  readonly outputs?: Readonly<Record<string, string>>;
}

export interface StackEvent {
  readonly id: string;
  readonly resource: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}

export interface StoppedTask {
  readonly id: string;
  readonly reason: string;
  readonly containers: readonly { name: string; reason: string | undefined; exitCode: number | undefined }[];
}

export interface UserPoolDomain {
  readonly host: string;
  /** Whether it shows managed login, and not the classic hosted UI. */
  readonly isManagedLogin: boolean;
}

export interface AppClient {
  readonly hasSecret: boolean;
  /** Where Secrets Manager keeps its secret, if Cognito has put it there. */
  readonly secretArn: string | undefined;
}

export interface Aws {
  identity(region: string): Promise<Identity>;
  parameter(region: string, name: string): Promise<string | undefined>;
  /** Whether there is such a parameter; its value is not looked at. */
  hasParameter(region: string, name: string): Promise<boolean>;
  /** Names of the parameters below a path. */
  parametersBelow(region: string, path: string): Promise<string[]>;
  /** The user pool of this account that a domain belongs to. */
  domainOwner(region: string, domain: string): Promise<string | undefined>;
  hasUserPool(region: string, id: string): Promise<boolean>;
  /** The domain of a user pool that its login pages are at: that of one's own, if it has one. Nothing if it has none. */
  userPoolDomain(region: string, pool: string): Promise<UserPoolDomain | undefined>;
  /** An app client of a user pool, if it has this one. */
  appClient(region: string, pool: string, id: string): Promise<AppClient | undefined>;
  /** Whether a user pool sends its mails through SES; not, if there is no such pool. */
  sendsThroughSes(region: string, pool: string): Promise<boolean>;
  /** Ids of a region's availability zones that the account may use. */
  zones(region: string): Promise<string[]>;
  /** The architectures that an image is for, or nothing if there is no such image. */
  imageArchitectures(image: EcrImage): Promise<string[] | undefined>;
  stack(region: string, name: string): Promise<Stack | undefined>;
  /** What happened to a stack, the newest first; nothing if there is none. */
  events(region: string, stack: string): Promise<StackEvent[]>;
  /** Tasks that have stopped of late; nothing if there is no such cluster. */
  stoppedTasks(region: string, cluster: string): Promise<StoppedTask[]>;
  hasBucket(region: string, name: string): Promise<boolean>;
  /** Removes a bucket and everything in it. */
  removeBucket(region: string, name: string): Promise<void>;
}
