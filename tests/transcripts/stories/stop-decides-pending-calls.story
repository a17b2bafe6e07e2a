# stop wakes every pending call; each is answered with the same error, and nothing of the watcher stays.
start
put x=1
open A
A.next
A.next
A.next
A.stop
A.next c1
A.next c2
A.stop
report
