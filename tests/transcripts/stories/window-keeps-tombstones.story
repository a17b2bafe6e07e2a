# The resume window holds tombstones that no watcher needs, and lets go of them revno by revno.
config window=2
start
put x=1 y=1
del x
report
put y=2
report
put y=3
report
