# x is born and dies between two batches: B is told nothing, and counts as caught up again. Its woken call waits on.
start
open B
B.next
B.next
put x=1
B.progress
del x
B.progress
B.next c1
report
put y=1
B.next c1
