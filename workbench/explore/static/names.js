// Sliders of ipywidgets have a handle without a name, and one over a list says a place in the list for its
// value. Here both are said as they are written beside the slider; so is a number that may be typed there.
function say(root) {
  const put = (node, name, value) => {
    if (node && value && node.getAttribute(name) !== value) node.setAttribute(name, value);
  };
  for (const slider of root.querySelectorAll(".widget-slider, .widget-hslider")) {
    const handle = slider.querySelector(".noUi-handle"), readout = slider.querySelector(".widget-readout");
    const label = slider.querySelector(".widget-label")?.textContent.trim();
    put(handle, "aria-label", label);
    put(handle, "aria-valuetext", readout?.textContent.trim());
    if (readout?.isContentEditable) {
      put(readout, "role", "textbox");
      put(readout, "aria-label", label && `${label}, to type`);
    }
  }
}

export default {
  render({ el }) {
    let observer, waiting;
    const gone = new AbortController();
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
      handOn(root, gone.signal);
    });
    return () => {
      cancelAnimationFrame(start);
      cancelAnimationFrame(waiting);
      observer?.disconnect();
      gone.abort();
    };
  },
};
