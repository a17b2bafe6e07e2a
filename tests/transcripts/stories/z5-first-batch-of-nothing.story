# Z5: the first batch of an empty store is empty, and does not wait. The second waits.
start
open A
A.next
A.next
put x=1
A.next c1
