# Z19: what was told is not told again.
start
open A
A.next
put x=1
A.next
put y=1
A.next
