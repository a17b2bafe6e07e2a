# A permanent failure ends the machine; readers get its cause, at once and before what was still to be told.
start
put x=1
open A
A.next
A.next
put y=1
by hand
fail subscription permanent
A.next c1
A.next
open B
kill
report
