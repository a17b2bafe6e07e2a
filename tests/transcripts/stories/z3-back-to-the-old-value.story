# Z3: x is removed and comes back with the value it had. That is news to whoever held it.
start
put x=1
open A
A.next
del x
put x=1
A.next
