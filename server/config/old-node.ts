/** The AWS SDK's releases from January 2027 on need it. */
const NEXT_NODE = 22;

/** One sentence for who still runs an older Node; undefined for a current one. @param version as in `process.versions.node` */
export function oldNode(version: string): string | undefined {
  if (Number.parseInt(version, 10) >= NEXT_NODE) return undefined;
  return `Node ${version} is supported until the end of 2026, because the AWS SDK then needs Node ${NEXT_NODE}: update Node before you update imgproxy-lite`;
}
