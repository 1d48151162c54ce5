/**
 * A regular expression for decimal numbers greater than `limit`, leading zeros included.
 *
 * AWS WAF compares the length of a header field, not its number, so a limit on `Content-Length` has to be a pattern. The
 * pattern has neither a capturing group nor an assertion: WAF takes only a part of PCRE
 * (https://docs.aws.amazon.com/waf/latest/developerguide/waf-regex-pattern-support.html).
 */
export function greaterThan(limit: number): string {
  if (!Number.isSafeInteger(limit) || limit < 1) throw new Error(`${limit} is not a positive whole number`);
  const digits = [...`${limit}`].map(Number);
  const longer = `[1-9][0-9]{${digits.length},}`;
  // As many digits as the limit: the same up to one place, and more there.
  const larger = digits.flatMap((digit, place) => {
    if (digit === 9) return [];
    const more = digit === 8 ? "9" : `[${digit + 1}-9]`;
    return [digits.slice(0, place).join("") + more + anyDigits(digits.length - place - 1)];
  });
  return `^0*(?:${[longer, ...larger].join("|")})$`;
}

function anyDigits(count: number): string {
  if (count === 0) return "";
  return count === 1 ? "[0-9]" : `[0-9]{${count}}`;
}
