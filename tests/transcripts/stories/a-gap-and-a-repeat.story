# Steps handed over unasked: one that joins is taken, a repeat is dropped, a gap is dropped and asked for.
start
put x=1
open A
A.next
by hand
put x=2
put y=1
put z=1
step p1 p2 x
A.next
step p1 p2 x
report
step p3 p4 z
report
answer
A.next
