"""The same flow as others write it, small and idiomatic: what Ponte is measured against.

Each program is two processes on the engines that Ponte uses, like agenda and dashboard: a writer that takes
commands over HTTP and a page that shows them as server-sent events. The events have the content and size of
the agenda's. Run as ``python -m bench.baseline.naive writer``; the addresses come from the environment.
"""
