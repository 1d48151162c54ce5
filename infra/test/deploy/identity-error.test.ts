import { expect, test } from "vitest";
import { explainIdentityError } from "../../lib/deploy/identity-error.ts";

test.each([
  [{ name: "CredentialsProviderError", message: "Could not load credentials from any providers" }, "absent"],
  [{ name: "CredentialsProviderError", message: "The SSO session associated with this profile has expired" }, "expired"],
  [{ name: "ExpiredToken", message: "The security token included in the request is expired" }, "expired"],
  [{ name: "InvalidClientTokenId", message: "The security token included in the request is invalid." }, "invalid"],
  [{ name: "UnrecognizedClientException", message: "The security token included in the request is invalid." }, "invalid"],
  [{ name: "SignatureDoesNotMatch", message: "The request signature we calculated does not match" }, "invalid"],
  [{ name: "RegionDisabledException", message: "STS is not activated in this region" }, "disabled"],
  [{ name: "Error", code: "ENOTFOUND", message: "getaddrinfo ENOTFOUND sts.xx-nowhere-9.amazonaws.com" }, "nowhere"],
  [{ name: "Error", code: "ECONNREFUSED", message: "connect ECONNREFUSED 127.0.0.1:4599" }, "silent"],
])("%j is explained", (error, kind) => expect(explainIdentityError(error).kind).toBe(kind));
