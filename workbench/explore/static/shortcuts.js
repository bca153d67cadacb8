// Keys with Ctrl or Cmd are JupyterLab's (Ctrl+S saves) also where plain keys are a widget's own (x would cut
// the cell): there JupyterLab does not look, so the key is pressed again on what is around the widget.
const OWN = "[data-lm-suppress-shortcuts]";

function handOn(root, signal) {
  root.addEventListener("keydown", (event) => {
    const { key, code, keyCode, which, ctrlKey, metaKey, shiftKey, altKey } = event;
    if (!(ctrlKey || metaKey) || key === "Control" || key === "Meta") return;
    if (event.defaultPrevented || !event.target.closest(OWN)) return;
    const pressed = { key, code, keyCode, which, ctrlKey, metaKey, shiftKey, altKey };
    const heard = root.dispatchEvent(new KeyboardEvent("keydown", { ...pressed, bubbles: true, cancelable: true }));
    if (!heard) event.preventDefault();
  }, { signal });
}
