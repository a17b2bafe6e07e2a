# Progress: none before the first batch; with nothing pending the latest revno, though nothing of it was for this watcher; else the
# cursor.
start
put x=1
open A m2
A.progress
A.next
A.progress
put x=2
put x=3
A.progress
put m2/y=1
put x=4
A.progress
A.next
A.progress
