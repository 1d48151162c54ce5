import { blocks, inParts, type ManagedGroup } from "./group.ts";

/** "Patterns like `(java.lang.Runtime).getRuntime().exec("whoami")`", CVE-2022-22963, CVE-2022-22965. */
const DESERIALIZATION = /java\.lang\.runtime|getruntime\(\)|class\.module\.classloader/;
/** "Patterns like `${jndi:ldap://example.com/}`". */
const LOG4J = /\$\{\s*jndi:/;
/** CVE-2025-55182; AWS publishes no pattern, so these are the exploit's own words. */
const REACT = /:__proto__:then|resolved_model/;

export const KNOWN_BAD_INPUTS: ManagedGroup = {
  source: "https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html",
  capacity: 200,
  rules: [
    ...inParts("JavaDeserializationRCE", DESERIALIZATION, ["HEADER", "BODY", "URIPATH", "QUERYSTRING"]),
    blocks("Host_localhost_HEADER", ({ request }) => /localhost/i.test(request.headers["host"] ?? "")),
    blocks("PROPFIND_METHOD", ({ request }) => request.method === "PROPFIND"),
    // "Paths like `web-inf`".
    ...inParts("ExploitablePaths", /web-inf|\/\.env/, ["URIPATH"]),
    ...inParts("Log4JRCE", LOG4J, ["HEADER", "QUERYSTRING", "BODY", "URIPATH"]),
    ...inParts("ReactJSRCE", REACT, ["BODY"]),
  ],
};
