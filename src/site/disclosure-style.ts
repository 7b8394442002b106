import { createHash } from 'node:crypto'

/** The page has no other file: it can be kept and printed as it is. */
export const STYLE = `body{font:1.05rem/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;max-width:60rem;margin:0 auto;padding:1.5rem}
h1{font-size:1.6rem;line-height:1.2}h2{font-size:1.2rem;margin-top:2rem}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0;border-bottom:1px solid #c8c8c8;overflow-wrap:break-word}
td:last-child{overflow-wrap:anywhere}.whole{white-space:nowrap}
button,.button{font:inherit;font-weight:600;padding:.7rem 1.2rem;margin:.3rem .6rem .3rem 0;border:2px solid #10365f;border-radius:.3rem;background:#10365f;color:#fff;cursor:pointer;text-decoration:none;display:inline-block}
button.second{background:#fff;color:#10365f}a{color:#10365f}:focus-visible{outline:3px solid #b35900;outline-offset:2px}
@media (max-width:44rem){body{padding:1rem}.list :is(table,tbody,tr,td),.list{display:block}.list thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.list tr{border:1px solid #c8c8c8;border-radius:.3rem;padding:.4rem .75rem;margin-bottom:.6rem}.list td{border:0;padding:.15rem 0;overflow-wrap:anywhere}
.list td::before{content:attr(data-label) ": ";font-weight:600}.rows th{width:45%;hyphens:auto}.rows td{overflow-wrap:anywhere}
@supports (content:"a"/""){.list td::before{content:attr(data-label) ": "/""}}}
@media print{button,.button,.screen{display:none}body{padding:0;max-width:none;font-size:10pt}}`

/** For the Content-Security-Policy, which allows this style alone. */
export const styleHash = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`
