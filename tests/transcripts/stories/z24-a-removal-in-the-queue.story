# Z24: x is removed and re-created while the notice of its removal is still queued. The step says what is so now.
start
put x=1
open A
A.next
by hand
del x
notice x
put x=2
notice x
answer
A.next
answer
A.next
