/** The scan cannot run, because of the command, the configuration or the proxy; the posts are not at fault. Exit code 2. */
export class CannotRun extends Error {}
