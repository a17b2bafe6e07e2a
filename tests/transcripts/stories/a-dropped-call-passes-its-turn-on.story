# A call is dropped between its wake-up and its poll: the next in line is woken in its place, and nothing is lost.
start
open A
A.next
A.next
A.next
put x=1
A.drop c1
A.next c2
