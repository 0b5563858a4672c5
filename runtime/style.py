"""How report.html looks."""

from __future__ import annotations

STYLE = """\
:root { color-scheme: light dark; --ink: #1c2024; --quiet: #667078; --line: #e3e7ea; --page: #fff; --shade: #f5f7f8;
  --good: #18794e; --warn: #9a5b00; --bad: #b42318; --idle: #667078; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaec; --quiet: #9aa4ac; --line: #32383d; --page: #16191c;
  --shade: #1f2327; --good: #4cc38a; --warn: #f1a10d; --bad: #ff8a80; --idle: #9aa4ac; } }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 66rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; margin: 0 0 .4rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .1rem; } p { margin: .3rem 0; }
.quiet { color: var(--quiet); font-size: .86rem; } .served { font-size: 1.05rem; margin-top: .8rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; margin: .3rem 0; }
th { text-align: left; font-weight: 600; color: var(--quiet); font-size: .82rem; }
th, td { padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
code { font: .88em ui-monospace, monospace; background: var(--shade); padding: .1em .3em; border-radius: 3px; }
.n { white-space: nowrap; }
.badge { display: inline-block; font-size: .78rem; font-weight: 600; padding: .05rem .5rem; border-radius: 1rem;
  border: 1px solid currentColor; color: var(--idle); vertical-align: middle; white-space: nowrap; }
.badge.succeeded, .badge.restored, .badge.passed, .badge.no { color: var(--good); }
.badge.warned { color: var(--warn); }
.badge.failed, .badge.blocked, .badge.error, .badge.interrupted { color: var(--bad); }
.bar { position: relative; display: block; width: 11rem; height: .7rem; margin-top: .4rem; background: var(--shade);
  border-radius: 3px; overflow: hidden; }
.bar i { position: absolute; top: 0; bottom: 0; background: var(--good); border-radius: 2px; min-width: 2px; }
.bar i.failed, .bar i.blocked, .bar i.error { background: var(--bad); } .bar i.warned { background: var(--warn); }
a { color: inherit; }
"""
