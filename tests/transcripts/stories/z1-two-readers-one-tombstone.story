# Z1: x dies while A holds it and B does not, is re-created and dies again.
# A must be told that x is gone, B must not: it never held it.
start
put x=1 y=1
open A
A.next
del x
open B
B.next
put x=2
del x
A.next
B.next
report
