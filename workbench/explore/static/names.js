// Sliders of ipywidgets have a handle without a name, and one over a list says a place in the list for its
// value. Here both are said as they are written beside the slider.
function say(root) {
  for (const slider of root.querySelectorAll(".widget-slider, .widget-hslider")) {
    const handle = slider.querySelector(".noUi-handle");
    const label = slider.querySelector(".widget-label")?.textContent.trim();
    const readout = slider.querySelector(".widget-readout")?.textContent.trim();
    if (!handle) continue;
    if (label && handle.getAttribute("aria-label") !== label) handle.setAttribute("aria-label", label);
    if (readout && handle.getAttribute("aria-valuetext") !== readout)
      handle.setAttribute("aria-valuetext", readout);
  }
}

export default {
  render({ el }) {
    let observer, waiting;
    el.style.display = "none";
    const start = requestAnimationFrame(() => {
      const root = el.closest(".jp-OutputArea-output") ?? document.body;
      const soon = () => {
        cancelAnimationFrame(waiting);
        waiting = requestAnimationFrame(() => say(root));
      };
      observer = new MutationObserver(soon);
      observer.observe(root, { childList: true, subtree: true, characterData: true });
      soon();
    });
    return () => {
      cancelAnimationFrame(start);
      cancelAnimationFrame(waiting);
      observer?.disconnect();
    };
  },
};
