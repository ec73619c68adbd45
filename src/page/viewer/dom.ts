type Child = Node | string;

/** An element with properties, `data-` and `aria-` attributes, and children; strings become text, never markup. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Readonly<Record<string, string | number | boolean | EventListener>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/** A choice of one of several, with its label. */
export function makeSelect(
  label: string,
  options: readonly string[],
  chosen: number,
  onChange: (index: number) => void,
): { readonly element: HTMLElement; choose(index: number): void } {
  const select = make('select', { change: () => onChange(select.selectedIndex) });
  select.append(...options.map((text) => make('option', {}, text)));
  select.selectedIndex = chosen;
  return {
    element: make('label', { class: 'field' }, make('span', {}, label), select),
    choose(index) {
      select.selectedIndex = index;
    },
  };
}
