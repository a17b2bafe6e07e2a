# A commit of three entities is one revno, and is told as one batch, in the order of ids.
start
open A
A.next
A.next
commit c=1 a=1 b=1
A.next c1
commit a=2 -b
A.next
