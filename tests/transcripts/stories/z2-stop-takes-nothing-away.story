# Z2: Z1 up to the last removal, then B stops. A is still told that x is gone, and then no tombstone is left.
start
put x=1
put y=1
open A
A.next
del x
open B
B.next
put x=2
del x
report
B.stop
report
A.next
report
