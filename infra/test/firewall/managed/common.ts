import { blocks, inParts, type ManagedGroup } from "./group.ts";

/** Also loopback: https://github.com/awslabs/nx-plugin-for-aws/pull/1016, https://github.com/drodil/backstage-plugin-toolbox/issues/251. */
const METADATA = /169\.254\.169\.254|localhost|127\.0\.0\.1|\[::1\]/;
/** "Path traversal attempts using techniques like `../../`". */
const TRAVERSAL = /\.\.[/\\]/;
/** "Extensions like `.log` and `.ini`"; nothing says that they must stand at the end. */
const EXTENSION = /\.(?:log|ini|conf)/;
/** "Patterns like `http://`, `https://`, `ftp://`, `ftps://`, and `file://`, with an IPv4 host header". */
const REMOTE_FILE = /(?:https?|ftps?|file):\/\/\d{1,3}(?:\.\d{1,3}){3}/;
/** "Scripts like `<script>alert("hello")</script>`". */
const SCRIPT = /<\/?script|javascript:|\bon(?:error|load)\s*=/;

export const COMMON: ManagedGroup = {
  source: "https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html",
  capacity: 700,
  rules: [
    blocks("NoUserAgent_HEADER", ({ request }) => request.headers["user-agent"] === undefined),
    blocks("UserAgent_BadBots_HEADER", ({ request }) => /nessus|nmap/i.test(request.headers["user-agent"] ?? "")),
    blocks("SizeRestrictions_QUERYSTRING", ({ request }) => Buffer.byteLength(request.query) > 2048),
    blocks("SizeRestrictions_Cookie_HEADER", ({ request }) => Buffer.byteLength(request.headers["cookie"] ?? "") > 10_240),
    blocks("SizeRestrictions_BODY", ({ bodyBytes }) => bodyBytes > 8192),
    blocks("SizeRestrictions_URIPATH", ({ request }) => Buffer.byteLength(request.path) > 1024),
    ...inParts("EC2MetaDataSSRF", METADATA, ["BODY", "COOKIE", "URIPATH", "QUERYARGUMENTS"]),
    ...inParts("GenericLFI", TRAVERSAL, ["QUERYARGUMENTS", "URIPATH", "BODY"]),
    ...inParts("RestrictedExtensions", EXTENSION, ["URIPATH", "QUERYARGUMENTS"]),
    ...inParts("GenericRFI", REMOTE_FILE, ["QUERYARGUMENTS", "BODY", "URIPATH"]),
    ...inParts("CrossSiteScripting", SCRIPT, ["COOKIE", "QUERYARGUMENTS", "BODY", "URIPATH"]),
  ],
};
