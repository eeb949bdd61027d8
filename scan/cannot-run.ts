/** The scan cannot run, because of the command, the configuration or the proxy; the posts are not at fault. Exit code 2. */
export class CannotRun extends Error {}

/** There is no Hugo site in the folder. */
export class NoSite extends CannotRun {}

/** Wrong parameters of a site: one line of the message for each, with file and key. */
export class InvalidParams extends CannotRun {}
