/** The scan cannot do its work: a fault of the command, the configuration or the proxy, not of the posts. Exit code 2. */
export class CannotRun extends Error {}
