// For galleries, which work without: keys, swipes, preloading.
(() => {
  const doc = document;
  // Some pages link this twice.
  if (doc.imgproxyLite) return;
  doc.imgproxyLite = true;
  let from;

  const button = (photo, way) => photo.querySelector(`.imgproxy-${way}:not(.imgproxy-back)`);
  const beside = (photo, way) => button(photo, way)?.popoverTargetElement;

  function go(photo, way) {
    const other = beside(photo, way);
    if (!other) return;
    photo.hidePopover();
    other.showPopover();
    button(other, way)?.focus();
  }

  function turn(right) {
    const photo = doc.querySelector(".imgproxy-zoomed:popover-open");
    if (photo) go(photo, (getComputedStyle(photo).direction === "rtl") === right ? "previous" : "next");
    return photo;
  }

  doc.addEventListener("click", (event) => {
    const [, way] = /imgproxy-(previous|next)/.exec(event.target.className) ?? [];
    if (!way) return;
    event.preventDefault();
    go(event.target.parentElement, way);
  });

  doc.addEventListener("keydown", (event) => {
    const right = event.key === "ArrowRight";
    if (!right && event.key !== "ArrowLeft") return;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (turn(right)) event.preventDefault();
  });

  doc.addEventListener("touchstart", ({ touches }) => {
    from = touches[1] || visualViewport.scale > 1 ? undefined : touches[0];
  });

  doc.addEventListener("touchend", ({ changedTouches: [to] }) => {
    if (!from) return;
    const x = to.clientX - from.clientX;
    if (Math.abs(x) > 40 + 2 * Math.abs(to.clientY - from.clientY)) turn(x < 0);
  });

  const opened = ({ target }) => {
    if (!target.matches(".imgproxy-zoomed:popover-open")) return;
    for (const way of ["next", "previous"])
      beside(target, way)?.querySelector("img").setAttribute("loading", "eager");
    if (!target.contains(doc.activeElement)) (button(target, "next") ?? button(target, "previous"))?.focus();
  };
  doc.addEventListener("toggle", opened, true);
})();
