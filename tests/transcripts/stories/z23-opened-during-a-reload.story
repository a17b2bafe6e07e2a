# Z23: a watcher opened while the store reloads gets the state as it is at once, and then the difference the reload made.
start
put x=1 y=1
open A
A.next
by hand
fail subscription transient
open B
B.next
B.next
put x=2
del y
wait 100ms
subscribed
loaded x
loaded done
answer
B.next c1
A.next
