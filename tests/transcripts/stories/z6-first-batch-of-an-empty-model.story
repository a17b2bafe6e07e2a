# Z6: model 2 has nothing; its watcher's first batch is empty at once, although model 1 is not empty.
start
put x=1
open A m2
A.next
put y=1
A.next
put m2/x=1
A.next c1
