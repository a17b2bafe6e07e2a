# Z4: x is removed and re-created with another value between two batches: told as changed, once.
start
put x=1
open A
A.next
del x
put x=2
A.next
