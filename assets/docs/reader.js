// The API reference: Swagger UI over this box's own document, nothing from anywhere else.
(() => {
  'use strict';

  // Swagger UI has a dark theme behind this class; let it follow the system.
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const applyTheme = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
  dark.addEventListener('change', applyTheme);
  applyTheme();

  // The scheme is `Authorization: JWT <token>`. Whoever pastes only the token means the same.
  function completeAuthorization(request) {
    for (const name of Object.keys(request.headers ?? {})) {
      if (name.toLowerCase() !== 'authorization') continue;
      const value = request.headers[name].trim();
      request.headers[name] = /\s/.test(value) ? value : `JWT ${value}`;
    }
    return request;
  }

  // Two things Swagger UI leaves out for keyboards and screen readers: scrolling examples cannot take the focus,
  // and lists of values have no name.
  function completeMarkup() {
    for (const example of document.querySelectorAll('.microlight:not([tabindex])')) example.tabIndex = 0;
    for (const list of document.querySelectorAll('[data-param-name] select:not([aria-label])')) {
      list.setAttribute('aria-label', list.closest('[data-param-name]').dataset.paramName);
    }
  }

  const reader = document.getElementById('reader');
  new MutationObserver(completeMarkup).observe(reader, { childList: true, subtree: true });
  try {
    window.ui = window.SwaggerUIBundle({
      url: '/docs/openapi.json',
      domNode: reader,
      deepLinking: true,
      filter: true,
      docExpansion: 'list',
      defaultModelsExpandDepth: 0,
      persistAuthorization: false,
      tryItOutEnabled: false,
      displayRequestDuration: true,
      showExtensions: true,
      // No badge from an outside validator, and no settings from the address bar.
      validatorUrl: null,
      queryConfigEnabled: false,
      requestInterceptor: completeAuthorization,
      onComplete: () => reader.setAttribute('data-ready', 'true'),
    });
  } catch (error) {
    reader.querySelector('.waiting').textContent = 'The reference could not be shown; the document is at /docs/openapi.json.';
    throw error;
  }
})();
