// Owns short forms for elements of the page.

export const element = (id) => document.getElementById(id);

/** What people are told at the moment; `kind` is `"bad"` for what they did not want. */
export function say(text, kind = "") {
    const state = element("state");
    if (state.textContent !== text) state.textContent = text;
    state.dataset.kind = kind;
}

/** A button that does something. */
export function button(text, onClick) {
    const made = document.createElement("button");
    Object.assign(made, { type: "button", textContent: text, onclick: onClick });
    return made;
}
