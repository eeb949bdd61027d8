/**
 * Increase it when images should look different (a new quality table, another filter). Entries and records carry the number
 * they were made with: an older one is made again by the next reader or publish, and is served as stale while encoders are
 * busy or while it cannot be made. It does not contain library versions: an upgrade must not make everything again.
 *
 * Replicas of two releases share a volume during an upgrade. To the older one, an entry with a higher number is as good as
 * its own, so neither makes the other's entries again in a loop.
 */
export const LOOK = 2;
