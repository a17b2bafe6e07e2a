# Z9: notices are queued behind a fetch that fails. After the restart the next notice is looked at, and nothing queued before
# it is in its way.
start
put a=1 b=1 c=1 d=1
by hand
put a=2
notice a
put b=2
notice b
notice c
notice d
report
fail fetch transient
report
wait 100ms
subscribed
loaded a b c d
loaded done
answer
open A
A.next
put e=1
notice e
answer
A.next
