# A reload that finds what was there makes no revno and wakes nobody.
start
put x=1
open A
A.next
A.next
by hand
fail subscription transient
wait 100ms
subscribed
loaded x
loaded done
answer
report
