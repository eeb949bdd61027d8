import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

/** A part of the page that works, and costs encodes, only while it is open. */
export function Opened({
  title,
  children,
}: {
  readonly title: string;
  readonly children: () => ComponentChildren;
}) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="opened" open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <h3>{title}</h3>
      </summary>
      {isOpen && children()}
    </details>
  );
}
